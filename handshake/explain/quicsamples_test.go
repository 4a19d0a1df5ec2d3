package explain_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/quic"
)

// sample is a packet of RFC 9001 Appendix A (v1) or RFC 9369 Appendix A (v2).
func sample(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../quic/testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+name+" ")
	line, _, _ := strings.Cut(rest, "\n")
	b, err := hex.DecodeString(line)
	if !found || err != nil {
		t.Fatal(name, err)
	}
	return b
}

var emptyFile = []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0}

func local(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// The RFCs' sample connections are told as any other; and so is one in which the server goes on in the
// other version.
func TestQUICSamples(t *testing.T) {
	for _, row := range []struct {
		client, server string
		version        quic.Version
		retry          bool
	}{{"v1", "v1", quic.V1, false}, {"v2", "v2", quic.V2, false}, {"v1", "v2", quic.V2, false}, {"v1", "", quic.V1, true}} {
		file := appendDatagram(bytes.Clone(emptyFile), local(40000), 443, sample(t, row.client+" client_packet"))
		if row.server != "" {
			file = appendDatagram(file, local(443), 40000, sample(t, row.server+" server_packet"))
		}
		if row.retry {
			file = appendDatagram(file, local(443), 40000, sample(t, row.client+" retry"))
		}
		scenes := map[string]int{}
		var got *explain.Connection
		_, err := explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Show: 1, Each: func(c *explain.Connection) { got = c }, Listener: event.ListenerFunc(func(e event.Event) {
			if s, ok := e.(event.Scene); ok {
				scenes[narrate.EntryOf(s)]++
			}
		})})
		if err != nil {
			t.Fatal(err)
		}
		if got.ServerName != "example.com" || len(got.Offered) != 1 || got.Offered[0] != "alpn" || got.QUIC.Version != row.version || got.QUIC.First.String() != row.client[1:] || got.QUIC.Retried != row.retry {
			t.Errorf("%+v: %s", row, account(got))
		}
		if row.server != "" && (got.Version != iana.TLS13 || got.Suite != 0x1301 || got.Group.ID != iana.X25519) {
			t.Errorf("%+v: %s", row, account(got))
		}
		if switched := scenes["quic_keys+version"] == 1; switched != (row.server != "" && row.server != row.client) || scenes["quic_keys"]+scenes["quic_keys+v2"] != 1 || (scenes["quic_keys+retry"] == 1) != row.retry {
			t.Errorf("%+v: told are %v", row, scenes)
		}
	}
}

// initial makes a client's Initial packet with one CRYPTO frame.
func initial(dcid []byte, off int, said []byte) []byte {
	frame := append([]byte{6, 0x80, byte(off >> 16), byte(off >> 8), byte(off), 0x80, 0, byte(len(said) >> 8), byte(len(said))}, said...)
	return sealed(quic.NewSchedule(quic.V1, dcid).Ends[quic.Client], dcid, frame)
}

// sealed makes an Initial packet, the first of its end.
func sealed(k quic.Keys, dcid, frame []byte) []byte {
	b := append([]byte{0xc0, 0, 0, 0, 1, byte(len(dcid))}, dcid...)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, 0x80000000|uint32(1+len(frame)+16))
	at := len(b)
	b = append(b, 0)
	block, _ := aes.NewCipher(k.Key)
	aead, _ := cipher.NewGCM(block)
	b = append(b, aead.Seal(nil, k.IV, frame, b)...)
	head, _ := aes.NewCipher(k.HP)
	var mask [16]byte
	head.Encrypt(mask[:], b[at+4:at+20])
	b[0] ^= mask[0] & 0x0f
	b[at] ^= mask[1]
	return b
}

// Connections whose hellos never become whole are given up before they fill the memory; each is told of
// all the same.
func TestQUICHeldInAll(t *testing.T) {
	const n, size = 2000, 50 << 10 // 100 MB
	said := make([]byte, size)
	var file bytes.Buffer
	file.Write(emptyFile)
	for i := range n {
		dcid := binary.BigEndian.AppendUint64(nil, uint64(i))
		file.Write(appendDatagram(nil, local(uint16(10000+i)), 443, initial(dcid, 100, said)))
	}
	in := &weighed{Reader: bytes.NewReader(file.Bytes())}
	before := heap()
	told := 0
	totals, err := explain.Read(context.Background(), in, explain.Options{Each: func(c *explain.Connection) {
		if told++; c.QUIC.Opened[0] != 1 || !c.QUIC.Partial[0] || c.Outcome.What != explain.Unfollowed {
			t.Fatal(account(c))
		}
	}})
	if err != nil || told != n || totals.QUIC != n {
		t.Fatal(told, totals, err)
	}
	if live := int64(in.live) - int64(before); live > 80<<20 {
		t.Errorf("%d MB are held", live>>20)
	} else {
		t.Logf("%d MB are held of %d", live>>20, n*size>>20)
	}
	runtime.KeepAlive(file.Bytes())
}
