package observe

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// shake is what the messages told.
type shake struct {
	transcript  []byte
	done        int // Finished messages seen
	hello       *message.ClientHello
	serverHello *message.ServerHello
	suite       *suite.Suite
	ems, etm    bool
	compression iana.Compression
	certificate []byte // the server's leaf, DER
	sessionID   []byte
	ticket      []byte

	master   *keyschedule.MasterSecret
	block    *keyschedule.KeyBlock
	verified bool // a Finished bore master out
	misfit   bool // a record did not open under it
}

func (s *shake) clientRandom() []byte {
	if s.hello == nil {
		return nil
	}
	return bytes.Clone(s.hello.Random[:])
}

func (o *Observer) context(h *half) message.Context {
	ctx := message.Context{Version: iana.TLS12, FromServer: h.server}
	if o.suite != nil {
		ctx.Kx = o.suite.Kx
	}
	return ctx
}

// follow keeps what later messages and the keys depend on.
func (o *Observer) follow(h *half, m message.Message, raw []byte, protected bool) {
	if m.Kind() == message.KindHelloRequest || o.done == 2 {
		return // in no transcript; or after the handshake
	}
	before := len(o.transcript)
	o.transcript = append(o.transcript, raw...)
	switch m := m.(type) {
	case *message.ClientHello:
		if o.hello == nil {
			o.hello = m
			if t, ok := message.Get[*message.SessionTicket](&m.Extensions); ok {
				o.ticket = t.Ticket
			}
		}
	case *message.ServerHello:
		if o.serverHello == nil && m.Kind() == message.KindServerHello {
			o.followServerHello(m)
		}
	case *message.Certificate12:
		if h.server && len(m.Certificates) > 0 {
			o.certificate = m.Certificates[0]
		}
	case *message.ClientKeyExchangeRSA:
		o.steal(m)
	case *message.NewSessionTicket12:
		o.ticket = m.Ticket
	case *message.Finished:
		o.done++
		o.report.ReadHandshake = o.report.ReadHandshake || protected
		o.checkFinished(h, m, o.transcript[:before])
	}
}

func (o *Observer) followServerHello(m *message.ServerHello) {
	o.serverHello, o.report.Suite = m, m.CipherSuite
	if m.Extensions.Find(iana.ExtSupportedVersions) != nil {
		// TLS 1.3: from here on all is protected, and not by anything of this file.
		o.client.closed, o.server.closed = true, true
		return
	}
	for _, s := range append(suite.All(), o.o.Suites...) {
		if s.ID == m.CipherSuite {
			o.suite = s
		}
	}
	o.ems = m.Extensions.Find(iana.ExtExtendedMasterSecret) != nil
	o.etm = m.Extensions.Find(iana.ExtEncryptThenMAC) != nil
	o.compression = m.Compression
	o.sessionID = m.SessionID
	// The echo of the client's session ID is how a server says that it resumes
	// (RFC 5246 §7.4.1.3), for tickets too (RFC 5077 §3.4).
	o.report.Resumed = o.hello != nil && len(m.SessionID) > 0 && bytes.Equal(m.SessionID, o.hello.SessionID)
}

// steal opens the premaster secret with the server's key. There is no oracle to
// avoid here: a thief may look at the padding.
func (o *Observer) steal(m *message.ClientKeyExchangeRSA) {
	key := o.o.RSAKey
	if key == nil || o.suite == nil || o.hello == nil || o.serverHello == nil || !keyOf(o.certificate, key) {
		return
	}
	offer, _, err := kx.RSA.Offer(kx.ServerInput{Rand: rand.Reader, Key: key, ClientVersion: o.hello.Version, RevealPadding: true})
	if err != nil {
		o.trouble(err)
		return
	}
	pre, err := offer.Finish(m.EncryptedPreMaster)
	if err != nil {
		o.trouble(err)
		return
	}
	o.report.PreMaster = pre
	e := &handshake.SecretEvent{Label: "premaster_secret", Method: "RSA", Op: handshake.OpAsymmetric, Value: pre}
	if x, ok := offer.(kx.Explainer); ok {
		e.Inputs = x.Explain()
	}
	o.noteSecret(e)

	hash := o.suite.Hash
	e = &handshake.SecretEvent{Label: "master_secret", Method: "PRF", Op: handshake.OpHash, Hash: hash.String(), Tag: "master secret"}
	e.Inputs = []kx.Value{{Name: "premaster_secret", Bytes: pre, Private: true}}
	var master keyschedule.MasterSecret
	if o.ems {
		sessionHash := sum(hash, o.transcript)
		master = keyschedule.PreMasterSecret(pre).ExtendedMaster(hash, sessionHash)
		e.Tag, e.Inputs = "extended master secret", append(e.Inputs, kx.Value{Name: "session_hash", Bytes: sessionHash})
	} else {
		c, s := o.clientRandom(), bytes.Clone(o.serverHello.Random[:])
		master = keyschedule.PreMasterSecret(pre).Master(hash, c, s)
		e.Inputs = append(e.Inputs, kx.Value{Name: "client_random", Bytes: c}, kx.Value{Name: "server_random", Bytes: s})
	}
	e.Value = master[:]
	o.noteSecret(e)
	o.master = &master
}

func sum(h crypto.Hash, b []byte) []byte {
	f := h.New()
	f.Write(b)
	return f.Sum(nil)
}

func keyOf(der []byte, key *rsa.PrivateKey) bool {
	c, err := x509.ParseCertificate(der)
	return err == nil && key.PublicKey.Equal(c.PublicKey)
}

// protection makes what opens a direction's records; nil if it cannot be made.
func (o *Observer) protection(h *half) (suite.Protection, record.Compressor) {
	if o.suite == nil || o.hello == nil {
		return nil, nil
	}
	var c record.Compressor
	if o.compression == iana.CompressionDEFLATE {
		c = record.NewDEFLATE()
	}
	cipher := o.suite.Cipher
	if o.master == nil {
		o.lookUp()
	}
	if o.master == nil {
		if cipher.Kind == suite.NULL {
			return bare{cipher.MACLen}, c
		}
		return nil, nil
	}
	if o.block == nil {
		o.cutKeys()
	}
	b := o.block
	keys := suite.Keys{MAC: b.ClientMAC, Key: b.ClientKey, IV: b.ClientIV}
	if h.server {
		keys = suite.Keys{MAC: b.ServerMAC, Key: b.ServerKey, IV: b.ServerIV}
	}
	p, err := cipher.Protect(keys, suite.Options{EncryptThenMAC: o.etm})
	if err != nil {
		o.trouble(err)
		return nil, nil
	}
	return p, c
}

// lookUp finds the connection's master secret among those given.
func (o *Observer) lookUp() {
	ticket := []byte(nil)
	if t, ok := message.Get[*message.SessionTicket](&o.hello.Extensions); ok {
		ticket = t.Ticket
	}
	same := func(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
	for i := range o.o.Masters {
		m := &o.o.Masters[i]
		unmarked := len(m.ClientRandom)+len(m.SessionID)+len(m.Ticket) == 0
		if unmarked || same(m.ClientRandom, o.hello.Random[:]) ||
			o.report.Resumed && (same(m.SessionID, o.hello.SessionID) || same(m.Ticket, ticket)) {
			secret := m.Secret
			o.master = &secret
			o.noteSecret(&handshake.SecretEvent{Label: "master_secret", Method: "known", Value: bytes.Clone(secret[:])})
			return
		}
	}
}

// cutKeys derives the key block (RFC 5246 §6.3).
func (o *Observer) cutKeys() {
	c, s, hash := o.clientRandom(), bytes.Clone(o.serverHello.Random[:]), o.suite.Hash
	b := o.master.KeyBlock(hash, c, s, o.suite.Cipher.MACLen, o.suite.Cipher.KeyLen, o.suite.Cipher.FixedIVLen)
	o.block = &b
	o.noteSecret(&handshake.SecretEvent{Label: "key_block", Method: "PRF", Op: handshake.OpHash, Hash: hash.String(), Tag: "key expansion",
		Inputs: []kx.Value{{Name: "master_secret", Bytes: bytes.Clone(o.master[:]), Private: true},
			{Name: "server_random", Bytes: s}, {Name: "client_random", Bytes: c}}, Value: bytes.Clone(b.Raw)})
}

// checkFinished compares verify_data with what the secret says it must be.
func (o *Observer) checkFinished(h *half, m *message.Finished, before []byte) {
	if o.master == nil || o.suite == nil {
		return
	}
	hash := sum(o.suite.Hash, before)
	want := o.master.ClientFinished(o.suite.Hash, hash)
	if h.server {
		want = o.master.ServerFinished(o.suite.Hash, hash)
	}
	var err error
	if !bytes.Equal(want[:], m.VerifyData) {
		err = &reason.Error{Reason: reason.BadFinished, Field: "finished.verify_data", Off: 4,
			Want: fmt.Sprintf("%x", want), Got: fmt.Sprintf("%x", m.VerifyData)}
		o.trouble(err)
	}
	o.verified = o.verified || err == nil
	if l := o.o.Listener; l != nil {
		l.Event(&handshake.CheckEvent{Meta: o.meta(""), What: "finished", OK: err == nil, Op: handshake.OpHash, Method: o.suite.Hash.String(), Err: err,
			Inputs: []kx.Value{{Name: "expected", Bytes: want[:]}, {Name: "received", Bytes: bytes.Clone(m.VerifyData)}}})
	}
}

// readKeyLog takes the TLS 1.2 lines of a key log: "CLIENT_RANDOM <random> <master
// secret>" in hex. Other lines are for others.
func readKeyLog(r io.Reader) ([]Master, error) {
	var masters []Master
	s := bufio.NewScanner(r)
	for line := 1; s.Scan(); line++ {
		f := strings.Fields(s.Text())
		if len(f) == 0 || f[0] != "CLIENT_RANDOM" {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("key log, line %d: CLIENT_RANDOM takes two values, got %d", line, len(f)-1)
		}
		random, err := hex.DecodeString(f[1])
		if err != nil || len(random) != 32 {
			return nil, fmt.Errorf("key log, line %d: the client random is not 64 hex digits", line)
		}
		secret, err := hex.DecodeString(f[2])
		if err != nil || len(secret) != 48 {
			return nil, fmt.Errorf("key log, line %d: the master secret is not 96 hex digits", line)
		}
		masters = append(masters, Master{Secret: keyschedule.MasterSecret(secret), ClientRandom: random})
	}
	return masters, s.Err()
}
