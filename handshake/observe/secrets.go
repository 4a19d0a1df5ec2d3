package observe

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// shake is what the messages told.
type shake struct {
	version     iana.Version // the record layer's and the keys'; 0 until the server has said
	retried     bool         // by HelloRetryRequest
	refused     bool         // a record did not open under keys at hand
	hellos      int32        // bytes that hello and serverHello take; see Held
	transcript  []byte
	done        int // Finished messages seen
	hello       *message.ClientHello
	serverHello *message.ServerHello
	suite       *suite.Suite
	bare        bool // a HelloRetryRequest has chosen a suite that hides nothing
	ems, etm    bool
	compression iana.Compression
	certificate []byte // the server's leaf, DER
	otherKey    bool   // Options.RSAKey is not its key
	sessionID   []byte
	ticket      []byte

	sets []*lineSet // of the key log, TLS 1.3
	psk  *psk       // of Options.PSKs, that the client proved to have

	master   *keyschedule.MasterSecret
	rivals   []keyschedule.MasterSecret // of which one may be it
	block    *keyschedule.KeyBlock
	gap      bool // of what was said: see Gap
	verified bool // a Finished bore master out
	misfit   bool // a record did not open under it

	renewed  bool // the server gave another ticket than the client offered
	broken   bool // by a fatal alert
	released bool // see release
}

func (s *shake) clientRandom() []byte {
	if s.hello == nil {
		return nil
	}
	return bytes.Clone(s.hello.Random[:])
}

func (o *Observer) context(h *half) message.Context {
	ctx := message.Context{Version: iana.TLS12, FromServer: h.server}
	if o.is13() {
		ctx.Version = iana.TLS13
	}
	if o.suite != nil {
		ctx.Kx = o.suite.Kx
	}
	return ctx
}

// settle learns the version, which only the server's first message tells.
func (o *Observer) settle(h *half, m message.Message) {
	hello, ok := m.(*message.ServerHello)
	if !ok || !h.server || o.version != 0 {
		return
	}
	o.version, o.report.Version = iana.TLS12, hello.Version
	if x, ok := message.Get[*message.SelectedVersion](&hello.Extensions); ok {
		o.version, o.report.Version = iana.TLS13, x.Version // or a draft of it
	} else if m.Kind() == message.KindHelloRetryRequest {
		o.version, o.report.Version = iana.TLS13, iana.TLS13
	}
}

// follow keeps what later messages and the keys depend on.
func (o *Observer) follow(h *half, m message.Message, raw []byte, protected bool) {
	if o.is13() {
		o.follow13(h, m, raw, protected)
		return
	}
	if _, again := m.(*message.ClientHello); again && o.done == 2 && !h.server {
		o.renegotiate()
	}
	if m.Kind() == message.KindHelloRequest || o.done == 2 {
		return // in no transcript; or after the handshake
	}
	before := len(o.transcript)
	if !o.write(h, raw) {
		return
	}
	switch m := m.(type) {
	case *message.ClientHello:
		if o.hello == nil && !h.server {
			o.hello = m
			o.matchPSK(m, raw, nil)
			if t, ok := message.Get[*message.SessionTicket](&m.Extensions); ok {
				o.ticket = t.Ticket
			}
		}
	case *message.ServerHello:
		if o.serverHello == nil && h.server {
			o.followServerHello(m)
		}
	case *message.Certificate12:
		if h.server && len(m.Certificates) > 0 {
			o.certificate = m.Certificates[0]
		}
	case *message.ClientKeyExchangeRSA:
		o.steal(m)
	case *message.NewSessionTicket12:
		o.renewed = len(o.ticket) > 0 && !bytes.Equal(o.ticket, m.Ticket)
		o.ticket = m.Ticket
	case *message.Finished:
		o.done++
		o.report.ReadHandshake = o.report.ReadHandshake || protected
		o.checkFinished(h, m, o.transcript[:before])
	}
}

// renegotiate begins another handshake under the keys of the last (RFC 5246 §7.4.1): they stay in use
// until ChangeCipherSpec, in each direction.
func (o *Observer) renegotiate() {
	o.shake = shake{version: o.version, refused: o.refused, misfit: o.misfit}
	o.masters = nil
	o.consulted, o.mastersTaken, o.trafficTaken = 0, 0, 0
}

func (o *Observer) followServerHello(m *message.ServerHello) {
	o.serverHello, o.report.Suite, o.suite = m, m.CipherSuite, o.findSuite(m.CipherSuite)
	o.ems = m.Extensions.Find(iana.ExtExtendedMasterSecret) != nil
	o.etm = m.Extensions.Find(iana.ExtEncryptThenMAC) != nil
	o.compression = m.Compression
	o.sessionID = m.SessionID
	// The echo of the client's session ID is how a server says that it resumes
	// (RFC 5246 §7.4.1.3), for tickets too (RFC 5077 §3.4).
	o.report.Resumed = o.hello != nil && len(m.SessionID) > 0 && bytes.Equal(m.SessionID, o.hello.SessionID)
}

// findSuite finds a suite of the version settled, a student's own first; nil if no
// suite has that number.
func (o *Observer) findSuite(id iana.CipherSuite) *suite.Suite {
	if o.is13() {
		return o.suite13(id)
	}
	return o.suiteOf(id, false)
}

// suite13 is findSuite for TLS 1.3, whatever is settled.
func (o *Observer) suite13(id iana.CipherSuite) *suite.Suite { return o.suiteOf(id, true) }

func (o *Observer) suiteOf(id iana.CipherSuite, tls13 bool) *suite.Suite {
	is := func(s *suite.Suite) bool { return s != nil && s.ID == id && (s.Version == iana.TLS13) == tls13 }
	if i := slices.IndexFunc(o.o.Suites, is); i >= 0 {
		return o.o.Suites[i]
	}
	if s := suite.ByID(id); is(s) {
		return s
	}
	return nil
}

// steal opens the premaster secret with the server's key. There is no oracle to
// avoid here: a thief may look at the padding.
func (o *Observer) steal(m *message.ClientKeyExchangeRSA) {
	key := o.o.RSAKey
	if key == nil || o.released || o.suite == nil || o.isOld() || o.hello == nil || o.serverHello == nil {
		return
	}
	if o.otherKey = o.certificate != nil && !keyOf(o.certificate, key); o.otherKey || o.certificate == nil {
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
	e := &event.Secret{Label: event.LabelPremasterSecret, Exchange: iana.KxRSA, Method: "RSA", Op: event.OpAsymmetric, Value: pre}
	if x, ok := offer.(kx.Explainer); ok {
		e.Inputs = event.Inputs(x.Explain()...)
	}
	o.noteSecret(e)

	hash := o.suite.Hash
	e = &event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: hash.String(), Tag: "master secret"}
	e.Inputs = []event.Input{event.Private("premaster_secret", pre, event.LabelPremasterSecret)}
	var master keyschedule.MasterSecret
	if o.ems {
		sessionHash := sum(hash, o.transcript)
		master = keyschedule.PreMasterSecret(pre).ExtendedMaster(hash, sessionHash)
		e.Tag, e.Inputs = "extended master secret", append(e.Inputs, event.Public("session_hash", sessionHash))
	} else {
		c, s := o.clientRandom(), bytes.Clone(o.serverHello.Random[:])
		master = keyschedule.PreMasterSecret(pre).Master(hash, c, s)
		e.Inputs = append(e.Inputs, event.Public("client_random", c), event.Public("server_random", s))
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
	cipher := o.suite.Cipher
	if o.master == nil && !o.isOld() {
		o.lookUp()
	}
	if o.master == nil {
		if cipher.Kind == suite.NULL {
			return bare{macLen: cipher.MACLen}, o.compressor()
		}
		return nil, nil
	}
	if o.block == nil {
		o.cutKeys()
	}
	p, c, err := o.protect(h, o.block)
	if err != nil {
		o.trouble(err)
		return nil, nil
	}
	return p, c
}

func (o *Observer) compressor() record.Compressor {
	if o.compression == iana.CompressionDEFLATE {
		return record.NewDEFLATE()
	}
	return nil
}

// protect makes what opens a direction's records with the keys of b.
func (o *Observer) protect(h *half, b *keyschedule.KeyBlock) (suite.Protection, record.Compressor, error) {
	keys := suite.Keys{MAC: b.ClientMAC, Key: b.ClientKey, IV: b.ClientIV}
	if h.server {
		keys = suite.Keys{MAC: b.ServerMAC, Key: b.ServerKey, IV: b.ServerIV}
	}
	p, err := o.suite.Cipher.Protect(keys, suite.Options{EncryptThenMAC: o.etm})
	return p, o.compressor(), err
}

// keyBlock is that of a master secret on this connection (RFC 5246 §6.3).
func (o *Observer) keyBlock(m *keyschedule.MasterSecret) keyschedule.KeyBlock {
	return m.KeyBlock(o.suite.Hash, o.clientRandom(), o.serverHello.Random[:], o.suite.Cipher.MACLen, o.suite.Cipher.KeyLen, o.suite.Cipher.FixedIVLen)
}

// lookUp finds the connection's master secret among those given.
func (o *Observer) lookUp() {
	ticket := []byte(nil)
	if t, ok := message.Get[*message.SessionTicket](&o.hello.Extensions); ok {
		ticket = t.Ticket
	}
	same := func(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
	fits := func(m *Master) bool {
		unmarked := len(m.ClientRandom)+len(m.SessionID)+len(m.Ticket) == 0
		return unmarked || same(m.ClientRandom, o.hello.Random[:]) ||
			o.report.Resumed && (same(m.SessionID, o.hello.SessionID) || same(m.Ticket, ticket))
	}
	o.rivals = nil
	add := func(m *Master) {
		if !slices.Contains(o.rivals, m.Secret) && len(o.rivals) < maxLines {
			o.rivals = append(o.rivals, m.Secret)
		}
	}
	for _, of := range [...][]Master{o.o.Masters, o.masters} {
		for i := range of {
			if fits(&of[i]) {
				add(&of[i])
			}
		}
	}
	if o.report.Resumed {
		if secret, ok := o.o.Sessions.find(o.hello.SessionID, ticket); ok {
			add(&Master{Secret: secret})
		}
	}
	if len(o.rivals) == 1 {
		o.takeMaster(o.rivals[0])
		o.rivals = nil
	}
}

// settle12 finds, at the first record behind ChangeCipherSpec, which of several secrets is this connection's: who
// replays a ClientHello makes connections that have the random in common, and no more than that.
func (o *Observer) settle12(h *half, rec []byte) bool {
	before := h.before
	if before == nil || o.is13() {
		return false
	}
	h.before = nil
	for _, secret := range o.rivals {
		try := *before
		block := o.keyBlock(&secret)
		p, c, err := o.protect(h, &block)
		if err != nil {
			continue
		}
		try.Change(p, c)
		if _, _, err := try.Next(bytes.Clone(rec), nil, false); err != nil {
			continue
		}
		o.takeMaster(secret)
		o.rivals, h.rd, h.closed = nil, *before, false
		o.change(h)
		h.epoch, h.seq = h.rd.Epoch(), 0
		return true
	}
	o.refused = true
	return false
}

func (o *Observer) takeMaster(secret keyschedule.MasterSecret) {
	o.master = &secret
	e := &event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionGiven, Method: "known", Value: bytes.Clone(secret[:])}
	if !o.report.Resumed { // how the ends came by it, which ServerHello has told
		if e.Tag = "master secret"; o.ems {
			e.Tag = "extended master secret"
		}
	}
	o.noteSecret(e)
}

// cutKeys derives the key block (RFC 5246 §6.3).
func (o *Observer) cutKeys() {
	b := o.keyBlock(o.master)
	if o.block = &b; !o.tellsSecrets() {
		return
	}
	c, s, hash := o.clientRandom(), bytes.Clone(o.serverHello.Random[:]), o.suite.Hash
	o.noteSecret(&event.Secret{Label: event.LabelKeyBlock, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: hash.String(), Tag: "key expansion",
		Inputs: []event.Input{event.Private("master_secret", bytes.Clone(o.master[:]), event.LabelMasterSecret),
			event.Public("server_random", s), event.Public("client_random", c)}, Value: bytes.Clone(b.Raw)})
	at := 0
	for _, p := range []struct {
		label event.SecretLabel
		value []byte
	}{{event.LabelClientWriteMACKey, b.ClientMAC}, {event.LabelServerWriteMACKey, b.ServerMAC}, {event.LabelClientWriteKey, b.ClientKey},
		{event.LabelServerWriteKey, b.ServerKey}, {event.LabelClientWriteIV, b.ClientIV}, {event.LabelServerWriteIV, b.ServerIV}} {
		if len(p.value) > 0 {
			o.noteSecret(&event.Secret{Label: p.label, Function: event.FunctionPart, Off: at, Method: fmt.Sprintf("key_block[%d:%d]", at, at+len(p.value)),
				Inputs: []event.Input{event.Private("key_block", bytes.Clone(b.Raw), event.LabelKeyBlock)}, Value: bytes.Clone(p.value)})
		}
		at += len(p.value)
	}
}

// checkFinished compares verify_data with what the secret says it must be.
func (o *Observer) checkFinished(h *half, m *message.Finished, before []byte) {
	if o.master == nil || o.suite == nil || o.released || o.gap {
		return
	}
	hash := sum(o.suite.Hash, before)
	want, tag := o.master.ClientFinished(o.suite.Hash, hash), "client finished"
	if h.server {
		want, tag = o.master.ServerFinished(o.suite.Hash, hash), "server finished"
	}
	ok := bytes.Equal(want[:], m.VerifyData)
	o.verified = o.verified || ok
	label := h.role().Labels().VerifyData
	if o.tellsSecrets() {
		o.noteSecret(&event.Secret{Label: label, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: o.suite.Hash.String(), Tag: tag,
			Inputs: []event.Input{event.Private("master_secret", bytes.Clone(o.master[:]), event.LabelMasterSecret), event.Public("transcript_hash", hash)}, Value: bytes.Clone(want[:])})
	}
	o.noteFinished(want[:], label, m.VerifyData, ok)
}
