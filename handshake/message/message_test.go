package message_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// holds is what must be true of any bytes: refused with a *reason.Error that
// points into them, or named byte by byte and reproduced.
func holds(t testing.TB, ctx message.Context, b []byte) (message.Message, error) {
	t.Helper()
	var read, wrote []wire.Field
	m, err := message.Parse(ctx, b, &read)
	if err != nil {
		var e *reason.Error
		if !errors.As(err, &e) || e.Off < 0 || e.Off > len(b) || m != nil {
			t.Fatalf("%x: refused with %v (and %v)", b, err, m)
		}
		return nil, err
	}
	if err := wire.Covered(read, len(b)); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	out, err := message.Marshal(m, &wrote)
	if err != nil || !bytes.Equal(b, out) {
		t.Fatalf("%x\ncame back as\n%x, %v", b, out, err)
	}
	if !reflect.DeepEqual(read, wrote) {
		t.Fatalf("%x\nread as    %v\nwritten as %v", b, read, wrote)
	}
	return m, nil
}

func marshal(t testing.TB, m wire.Struct) []byte {
	t.Helper()
	b, err := message.Marshal(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// blocks returns every block of extensions in m.
func blocks(m message.Message) (list []*message.Extensions) {
	switch m := m.(type) {
	case *message.ClientHello:
		list = append(list, &m.Extensions)
	case *message.ServerHello:
		list = append(list, &m.Extensions)
	case *message.EncryptedExtensions:
		list = append(list, &m.Extensions)
	case *message.CertificateRequest13:
		list = append(list, &m.Extensions)
	case *message.NewSessionTicket13:
		list = append(list, &m.Extensions)
	case *message.Certificate13:
		for i := range m.Entries {
			list = append(list, &m.Entries[i].Extensions)
		}
	}
	return list
}

func TestSamplesSurviveTheWire(t *testing.T) {
	for _, s := range message.Samples() {
		b := marshal(t, s.Msg)
		if got := int(b[1])<<16 | int(b[2])<<8 | int(b[3]); got != len(b)-4 {
			t.Errorf("%s: its header says %d bytes, its body has %d", s.Name, got, len(b)-4)
		}
		m, err := holds(t, s.Ctx, b)
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
		} else if !reflect.DeepEqual(m, s.Msg) {
			t.Errorf("%s: read back\n%+v\nwant\n%+v", s.Name, m, s.Msg)
		}
	}
}

func TestSamplesMissNothing(t *testing.T) {
	kinds := map[message.Kind]bool{message.KindChangeCipherSpec: true, message.KindMessageHash: true} // see Samples
	held := map[message.Kind]map[iana.ExtensionType]bool{}
	for _, s := range message.Samples() {
		k := s.Msg.Kind()
		kinds[k] = true
		if held[k] == nil {
			held[k] = map[iana.ExtensionType]bool{}
		}
		for _, block := range blocks(s.Msg) {
			for _, x := range block.List {
				if _, raw := x.(*message.Raw); !raw {
					held[k][x.Type()] = true
				}
			}
		}
	}
	for _, k := range message.Kinds() {
		if !kinds[k] {
			t.Errorf("no sample of %s", k)
		}
		for _, x := range message.ExtensionTypes(k) {
			if !held[k][x] {
				t.Errorf("no sample of a %s with %s", k, x)
			}
		}
	}
	if len(kinds) != len(message.Kinds()) {
		t.Errorf("samples are of %d kinds, Kinds lists %d", len(kinds), len(message.Kinds()))
	}
}

func TestFieldPathsAreKeys(t *testing.T) {
	for _, p := range message.FieldPaths() {
		if strings.Contains(p, "0x") || strings.Contains(p, "..") || strings.ContainsAny(p, " /") {
			t.Errorf("%q is no stable key", p)
		}
	}
	for _, p := range []string{
		"client_hello.random", "client_hello.cipher_suites.suite", "client_hello.extensions.server_name.host_name",
		"hello_retry_request.extensions.key_share.selected_group", "server_key_exchange.params.dh_Ys",
		"change_cipher_spec.type", "alert.description", "message_hash.hash", "key_update.request_update",
		"certificate.certificate_list.certificate", "certificate.certificate_list.certificate_entry.cert_data",
		"certificate.certificate_list.certificate_entry.extensions.status_request.response",
		"new_session_ticket.ticket_lifetime_hint", "new_session_ticket.extensions.early_data.max_early_data_size",
	} {
		if !slices.Contains(message.FieldPaths(), p) {
			t.Errorf("%s is missing", p)
		}
	}
}

func TestEveryProperPrefixIsRefused(t *testing.T) {
	for _, s := range message.Samples() {
		b := marshal(t, s.Msg)
		for n := range b {
			if _, err := holds(t, s.Ctx, b[:n]); reason.Of(err) != reason.Truncated {
				t.Fatalf("%s: %d of %d bytes: %v, want truncated", s.Name, n, len(b), err)
			}
		}
		if _, err := holds(t, s.Ctx, append(b, 0)); reason.Of(err) != reason.TrailingBytes {
			t.Errorf("%s: a byte more: %v, want trailing_bytes", s.Name, err)
		}
	}
}

func TestEveryLengthOneOff(t *testing.T) {
	lengths := 0
	for _, s := range message.Samples() {
		var note []wire.Field
		b, err := message.Marshal(s.Msg, &note)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range note {
			if !f.Leaf() || !strings.HasSuffix(f.Name, ".length") {
				continue
			}
			lengths++
			for _, by := range []int{-1, 1} {
				bad := bytes.Clone(b)
				n := f.Value.(int) + by
				for i := range f.Len {
					bad[f.Off+i] = byte(n >> (8 * (f.Len - 1 - i)))
				}
				if m, err := holds(t, s.Ctx, bad); err == nil && f.Name == s.Msg.Kind().String()+".length" {
					t.Errorf("%s: %s %+d is read as %+v", s.Name, f.Name, by, m)
				}
			}
		}
	}
	if lengths < 100 {
		t.Errorf("only %d lengths tried", lengths)
	}
}

func TestMutations(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	samples := message.Samples()
	accepted := 0
	for range 10_000 {
		s := samples[rnd.IntN(len(samples))]
		b := marshal(t, s.Msg)
		for range 1 + rnd.IntN(3) {
			switch i := rnd.IntN(len(b)); rnd.IntN(4) {
			case 0:
				b[i] = byte(rnd.Uint32())
			case 1:
				b[i] ^= 1 << rnd.IntN(8)
			case 2:
				b = slices.Delete(b, i, min(len(b), i+1+rnd.IntN(4)))
			case 3:
				b = slices.Insert(b, i, byte(rnd.Uint32()))
			}
			if len(b) == 0 {
				b = []byte{0}
			}
		}
		if len(b) >= 4 && rnd.IntN(2) == 0 { // let it past the header
			n := len(b) - 4
			b[1], b[2], b[3] = byte(n>>16), byte(n>>8), byte(n)
		}
		if _, err := holds(t, s.Ctx, b); err == nil {
			accepted++
		}
	}
	if accepted < 1000 || accepted > 9000 {
		t.Errorf("%d of 10,000 mutants were accepted: too few, or too many, for a test", accepted)
	}
}

func TestHelloRetryRequestRandom(t *testing.T) {
	const want = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c" // RFC 9846 §4.2.3
	if got := hex.EncodeToString(message.HelloRetryRequestRandom[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m := &message.ServerHello{Random: message.HelloRetryRequestRandom}
	if m.Kind() != message.KindHelloRetryRequest {
		t.Errorf("with it a ServerHello is a %s", m.Kind())
	}
	if m.Random[31]++; m.Kind() != message.KindServerHello {
		t.Errorf("with another random a ServerHello is a %s", m.Kind())
	}
}

func TestAppendParamsIsWhatTravels(t *testing.T) {
	seen := 0
	for _, s := range message.Samples() {
		m, ok := s.Msg.(message.ServerKeyExchange)
		if !ok {
			continue
		}
		seen++
		var note []wire.Field
		whole, err := message.Marshal(m, &note)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(note, func(f wire.Field) bool { return f.Name == "server_key_exchange.params" })
		randoms := []byte("client random, server random")
		got, err := m.AppendParams(bytes.Clone(randoms))
		if err != nil || !bytes.Equal(got, append(randoms, whole[note[at].Off:note[at].Off+note[at].Len]...)) {
			t.Errorf("%s: AppendParams = %x, %v", s.Name, got, err)
		}
		m.Signed().Bytes = []byte("other")
		if again := marshal(t, m); bytes.Equal(again, whole) {
			t.Errorf("%s: Signed is not the signature that travels", s.Name)
		}
	}
	if seen != 3 {
		t.Errorf("%d shapes of ServerKeyExchange, want 3", seen)
	}
}

func TestClientKeyExchangeShare(t *testing.T) {
	for _, s := range message.Samples() {
		if m, ok := s.Msg.(message.ClientKeyExchange); ok && (len(m.Share()) == 0 || !bytes.HasSuffix(marshal(t, m), m.Share())) {
			t.Errorf("%s: Share is not what travels", s.Name)
		}
	}
}

func TestRecordContents(t *testing.T) {
	ccs := marshal(t, &message.ChangeCipherSpec{})
	if !bytes.Equal(ccs, []byte{1}) {
		t.Errorf("ChangeCipherSpec is %x, want 01", ccs)
	}
	if err := wire.Parse([]byte{2}, &message.ChangeCipherSpec{}, nil); reason.Of(err) != reason.BadValue {
		t.Errorf("ChangeCipherSpec 02: %v, want bad_value", err)
	}
	a := message.Alert{Level: iana.Fatal, Description: iana.HandshakeFailure}
	if b := marshal(t, &a); !bytes.Equal(b, []byte{2, 40}) {
		t.Errorf("the alert is %x, want 0228", b)
	}
	var back message.Alert
	if err := wire.Parse([]byte{2, 40}, &back, nil); err != nil || back != a {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestMarshalOwnsItsBytes(t *testing.T) {
	first := marshal(t, &message.Finished{VerifyData: bytes.Repeat([]byte{1}, 12)})
	kept := bytes.Clone(first)
	second := marshal(t, &message.Finished{VerifyData: bytes.Repeat([]byte{2}, 12)})
	if !bytes.Equal(first, kept) || bytes.Equal(first, second) {
		t.Error("a second Marshal wrote into the first one's bytes")
	}
	if cap(first) != len(first) {
		t.Errorf("%d bytes in a slice of %d", len(first), cap(first))
	}
}

// A silent walk pays for the codec and for what it returns, nothing else.
func TestSilentAllocations(t *testing.T) {
	for _, s := range message.Samples() {
		if n := testing.AllocsPerRun(50, func() { message.Marshal(s.Msg, nil) }); n > 2 {
			t.Errorf("marshalling a %s allocates %v times, want 2", s.Name, n)
		}
	}
	finished := marshal(t, &message.Finished{VerifyData: make([]byte, 12)})
	if n := testing.AllocsPerRun(50, func() { message.Parse(message.Context{}, finished, nil) }); n > 2 {
		t.Errorf("parsing a Finished allocates %v times, want 2", n)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range message.Samples() {
		raw := marshal(b, s.Msg)
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				message.Parse(s.Ctx, raw, nil)
			}
		})
	}
}
