package explain_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"
)

// recorded writes a capture file, pcap of Ethernet, as somebody would have recorded it who stands between
// the two ends of each connection.
type recorded struct {
	to   io.Writer
	w    *bufio.Writer
	at   time.Time
	n    int64 // bytes written
	head [16 + 14 + 20 + 20]byte
}

const mss = 1460

func record(w io.Writer) *recorded {
	r := &recorded{to: w, w: bufio.NewWriterSize(w, 1<<16), at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = binary.LittleEndian.AppendUint32(h, 1<<18)
	h = binary.LittleEndian.AppendUint32(h, 1)
	r.w.Write(h)
	r.n += int64(len(h))
	return r
}

// Flags of TCP.
const (
	fin, syn, rst, ack = 1, 2, 4, 16
)

// packet writes one packet. Checksums are nobody's matter: network cards make them behind the recorder's back.
func (r *recorded) packet(proto byte, from, to netip.AddrPort, seq, acked uint32, flags byte, payload []byte) {
	r.at = r.at.Add(20 * time.Microsecond)
	size := 20
	if proto == 17 {
		size = 8
	}
	h, be := r.head[:16+14+20+size], binary.BigEndian
	clear(h)
	n := uint32(len(h) - 16 + len(payload))
	binary.LittleEndian.PutUint32(h, uint32(r.at.Unix()))
	binary.LittleEndian.PutUint32(h[4:], uint32(r.at.Nanosecond()/1000))
	binary.LittleEndian.PutUint32(h[8:], n)
	binary.LittleEndian.PutUint32(h[12:], n)
	be.PutUint16(h[16+12:], 0x0800)
	ip := h[16+14:]
	ip[0], ip[8], ip[9] = 0x45, 64, proto
	be.PutUint16(ip[2:], uint16(n-14))
	src, dst := from.Addr().As4(), to.Addr().As4()
	copy(ip[12:], src[:])
	copy(ip[16:], dst[:])
	t := ip[20:]
	be.PutUint16(t, from.Port())
	be.PutUint16(t[2:], to.Port())
	if proto == 17 {
		be.PutUint16(t[4:], uint16(8+len(payload)))
	} else {
		be.PutUint32(t[4:], seq)
		be.PutUint32(t[8:], acked)
		t[12], t[13] = 5<<4, flags
		be.PutUint16(t[14:], 0xffff)
	}
	r.w.Write(h)
	r.w.Write(payload)
	r.n += int64(16 + n)
}

// session is a connection of TCP in a file that is written.
type session struct {
	r    *recorded
	ends [2]netip.AddrPort // the client, the server
	seq  [2]uint32         // what comes next
}

// connection is the address of the n-th client, and a server's.
func (r *recorded) connection(n int) *session {
	a := netip.AddrFrom4([4]byte{10, byte(n >> 20), byte(n >> 12), byte(n>>4) | 1})
	b := netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + n%7)})
	return &session{r: r, ends: [2]netip.AddrPort{netip.AddrPortFrom(a, uint16(20_000+n%16*1000+n%977)), netip.AddrPortFrom(b, 443)}, seq: [2]uint32{uint32(n) * 7919, uint32(n) * 104729}}
}

func (s *session) segment(by int, flags byte, payload []byte) {
	s.r.packet(6, s.ends[by], s.ends[1-by], s.seq[by], s.seq[1-by], flags, payload)
	s.seq[by] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		s.seq[by]++
	}
}

func (s *session) open() {
	s.segment(0, syn, nil)
	s.segment(1, syn|ack, nil)
	s.segment(0, ack, nil)
}

func (s *session) say(by int, b []byte) {
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), mss)
		s.segment(by, ack, b[:n])
		if b = b[n:]; i%2 == 1 || len(b) == 0 {
			s.segment(1-by, ack, nil)
		}
	}
}

func (s *session) close() {
	s.segment(0, fin|ack, nil)
	s.segment(1, fin|ack, nil)
	s.segment(0, ack, nil)
}

// turn is what one end said without a word from the other.
type turn struct {
	by int
	b  []byte
}

// A dialogue is what two ends said.
type dialogue []turn

// overheard is an end of a pipe whose words are told of.
type overheard struct {
	net.Conn
	mu    *sync.Mutex
	heard func(by int, b []byte)
}

func (o overheard) Write(b []byte) (int, error) {
	o.mu.Lock()
	o.heard(0, b)
	o.mu.Unlock()
	return o.Conn.Write(b)
}

func (o overheard) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	o.mu.Lock()
	o.heard(1, b[:n])
	o.mu.Unlock()
	return n, err
}

// lab are a client and servers of crypto/tls, which speak with each other.
type lab struct {
	rsa, ecdsa tls.Certificate
	roots      *x509.CertPool
	keys       bytes.Buffer // a key log
	sessions   [2]tls.ClientSessionCache
	server     [2]*tls.Config
}

func newLab(t testing.TB) *lab {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{roots: x509.NewCertPool()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.lab.test"}, DNSNames: []string{"www.lab.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign}
	cert := func(pub, key any) tls.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, template, pub, key)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		l.roots.AddCert(parsed)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	l.rsa, l.ecdsa = cert(&rsaKey.PublicKey, rsaKey), cert(&ecKey.PublicKey, ecKey)
	for i, v := range [...]uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l.sessions[i] = tls.NewLRUClientSessionCache(4)
		l.server[i] = &tls.Config{Certificates: []tls.Certificate{l.ecdsa, l.rsa}, MaxVersion: v, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}
	}
	return l
}

// kind is a kind of TLS connection.
type kind struct {
	version uint16
	suite   uint16
	resumes bool
	refuses bool // the client trusts nobody
	logged  bool
	data    int // bytes that the server sends
}

// dial plays a connection, and says what went over the wire.
func (l *lab) dial(t testing.TB, k kind, heard func(by int, b []byte)) {
	t.Helper()
	a, b := net.Pipe()
	c := &tls.Config{ServerName: "www.lab.test", RootCAs: l.roots, MinVersion: k.version, MaxVersion: k.version, ClientSessionCache: nil, CurvePreferences: []tls.CurveID{tls.X25519}}
	if k.suite != 0 {
		c.CipherSuites = []uint16{k.suite}
	}
	if k.resumes {
		c.ClientSessionCache = l.sessions[k.version-tls.VersionTLS12]
	}
	if k.refuses {
		c.RootCAs = x509.NewCertPool()
	}
	if k.logged {
		c.KeyLogWriter = &l.keys
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := tls.Server(b, l.server[k.version-tls.VersionTLS12])
		request := make([]byte, 1024)
		if _, err := s.Read(request); err == nil {
			answer := bytes.Repeat([]byte("An answer. "), min(k.data, 1<<20)/11+1)
			for sent := 0; err == nil && sent < k.data; sent += len(answer) {
				_, err = s.Write(answer)
			}
		}
		s.Close()
		b.Close()
	}()
	client := tls.Client(overheard{a, new(sync.Mutex), heard}, c)
	if _, err := io.WriteString(client, "GET / HTTP/1.0\r\n\r\n"); err == nil {
		_, err = io.Copy(io.Discard, client)
		if err != nil {
			t.Errorf("%+v: %v", k, err)
		}
	} else if !k.refuses {
		t.Errorf("%+v: %v", k, err)
	}
	client.Close()
	a.Close()
	<-done
}

func (l *lab) dialogue(t testing.TB, k kind) (d dialogue) {
	l.dial(t, k, func(by int, b []byte) {
		if n := len(d); n > 0 && d[n-1].by == by {
			d[n-1].b = append(d[n-1].b, b...)
		} else if len(b) > 0 {
			d = append(d, turn{by, bytes.Clone(b)})
		}
	})
	return d
}

// kinds are what a file of all sorts has of TLS.
var kinds = []kind{
	{version: tls.VersionTLS13, data: 2000},
	{version: tls.VersionTLS13, data: 2000, logged: true},
	{version: tls.VersionTLS13, resumes: true, logged: true, data: 500},
	{version: tls.VersionTLS12, suite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, data: 4000},
	{version: tls.VersionTLS12, suite: tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, data: 1000, logged: true},
	{version: tls.VersionTLS12, suite: tls.TLS_RSA_WITH_AES_128_GCM_SHA256, data: 1000},
	{version: tls.VersionTLS12, resumes: true, logged: true, data: 100},
	{version: tls.VersionTLS12, refuses: true},
	{version: tls.VersionTLS13, refuses: true},
	{version: tls.VersionTLS13, logged: true, data: 40_000},
}

// mixed writes a file with n connections, of all sorts: of TLS seven of ten, and behind the same ports
// others; HTTP, noise and SYNs that nobody answers. Up to eight speak at a time.
func (l *lab) mixed(t testing.TB, r *recorded, n int) {
	t.Helper()
	type speaking struct {
		s *session
		d dialogue
	}
	var open []speaking
	next := func(i int) {
		x := &open[i]
		if len(x.d) == 0 {
			x.s.close()
			open = append(open[:i], open[i+1:]...)
			return
		}
		x.s.say(x.d[0].by, x.d[0].b)
		x.d = x.d[1:]
	}
	noise := make([]byte, 3000)
	for i := range n {
		s := r.connection(i)
		if i%9 == 8 { // the ports of one that is over
			s.ends = r.connection(i - 8).ends
		}
		var d dialogue
		switch i % 10 {
		case 3:
			d = dialogue{{0, []byte("GET /" + strconv.Itoa(i) + " HTTP/1.1\r\nHost: x\r\n\r\n")}, {1, bytes.Repeat([]byte("<p>\n"), 800)}}
		case 6:
			rand.Read(noise)
			d = dialogue{{0, bytes.Clone(noise[:1000])}, {1, bytes.Clone(noise)}}
		case 9:
			s.segment(0, syn, nil)
			continue
		default:
			d = l.dialogue(t, kinds[(i*7/10)%len(kinds)])
		}
		s.open()
		open = append(open, speaking{s, d})
		for j := 0; len(open) > 8; j++ {
			next(j % len(open))
		}
	}
	for j := 0; len(open) > 0; j++ {
		next(j % len(open))
	}
	if err := r.w.Flush(); err != nil {
		t.Fatal(err)
	}
}
