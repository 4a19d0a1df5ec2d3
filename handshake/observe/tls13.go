package observe

import (
	"bytes"
	"crypto/hmac"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// stage is how far one direction of TLS 1.3 has come. Each stage has a traffic secret,
// and the last one has those that follow from it by KeyUpdate.
type stage uint8

const (
	inClear     stage = iota // up to ServerHello
	handshaking              // EncryptedExtensions to Finished
	application
	early // a client's alone, between inClear and handshaking: see early13.go
)

// trafficKeys are what opens one epoch of one direction (RFC 9846 §7.3).
type trafficKeys struct {
	suite      *suite.Suite
	secret     keyschedule.TrafficSecret
	key, iv    []byte
	protection suite.Protection
}

// half13 is what TLS 1.3 adds to a direction.
type half13 struct {
	stage    stage
	logged   [application + 1]*trafficKeys // by stage: what the key log has
	before   *record.Reader                // as it was before the epoch at hand, where that began without keys that may yet be found
	keys     *trafficKeys                  // in use; nil if closed, or if nothing is hidden
	opens    [early + 1]bool               // by stage: a record opened
	early    bool                          // there was 0-RTT data that stayed closed, in an epoch of its own
	zeroRTT  *trafficKeys                  // what opens 0-RTT data, from the first record that it opened
	zeroOver bool                          // there is no more, because of a HelloRetryRequest
	missed   bool                          // a record before Finished stayed closed: the transcript has a gap
	finished bool                          // Finished was read
	sealed   [early + 1]int                // by stage: records that stayed closed
	updated  bool                          // a KeyUpdate made the keys in use
}

func (h *half) hasKeys() bool {
	return h.logged[handshaking] != nil || h.logged[application] != nil || h.zeroRTT != nil && h.zeroRTT.key != nil
}

// opened returns the traffic secret of a stage, if it opened anything.
func (h *half) opened(s stage) []byte {
	if h.logged[s] == nil || !h.opens[s] {
		return nil
	}
	return bytes.Clone(h.logged[s].secret.Bytes())
}

// role is whose bytes travel in h.
func (h *half) role() event.Role {
	if h.server {
		return event.Server
	}
	return event.Client
}

func (o *Observer) is13() bool { return o.version == iana.TLS13 }

// offers13 reports whether the ClientHello would have TLS 1.3.
func (o *Observer) offers13() bool {
	if o.hello == nil {
		return false
	}
	v, ok := message.Get[*message.SupportedVersions](&o.hello.Extensions)
	if !ok {
		return false
	}
	for _, x := range v.Versions {
		if x == iana.TLS13 {
			return true
		}
	}
	return false
}

// meansNothing reports whether a ChangeCipherSpec that comes now changes nothing (RFC
// 9846 §E.4). A client that sends 0-RTT data sends it before there is a ServerHello.
func (o *Observer) meansNothing() bool {
	return o.is13() || o.serverHello == nil && o.offers13()
}

// follow13 is follow for TLS 1.3, from HelloRetryRequest or ServerHello on.
func (o *Observer) follow13(h *half, m message.Message, raw []byte, protected bool) {
	if h.finished { // messages after Finished are in no transcript
		if m.Kind() == message.KindKeyUpdate && h.stage == application {
			o.update(h)
		}
		return
	}
	before := o.transcript
	switch m := m.(type) {
	case *message.ServerHello:
		switch {
		case !h.server || o.serverHello != nil:
		case m.Kind() == message.KindHelloRetryRequest:
			o.retry(m, raw)
			return
		default:
			if o.write(h, raw) {
				o.start13(m)
			}
			return
		}
	case *message.ClientHello:
		if !h.server && o.retried {
			o.matchPSK(m, raw, before)
		}
	case *message.EndOfEarlyData:
		if h.inEarly() {
			o.enter(h, handshaking, h.logged[handshaking])
		}
	case *message.Finished:
		if protected {
			if h.server && !o.released {
				o.pskMain(append(before[:len(before):len(before)], raw...))
			}
			o.finish13(h, m, before)
		}
	}
	o.write(h, raw)
	o.report.ReadHandshake = o.report.ReadHandshake || protected
}

// retry follows a HelloRetryRequest: the first ClientHello counts as its hash from
// here on (RFC 9846 §4.1).
func (o *Observer) retry(m *message.ServerHello, raw []byte) {
	o.retried = true
	o.retriesEarly(&o.client)
	o.setVersion13()
	if s := o.findSuite(m.CipherSuite); s != nil {
		o.bare = !s.Cipher.Encrypts()
		first := &message.MessageHash{Hash: sum(s.Hash, o.transcript)}
		if t, err := wire.Append(nil, first, nil); err == nil {
			o.transcript = t
		}
	}
	o.transcript = append(o.transcript, raw...)
}

// setVersion13 makes the records TLS 1.3's: from the server's first message on, in
// both directions.
func (o *Observer) setVersion13() {
	o.client.rd.SetVersion(iana.TLS13)
	o.server.rd.SetVersion(iana.TLS13)
}

// start13 follows a ServerHello: from here on everything is under keys.
func (o *Observer) start13(m *message.ServerHello) {
	o.setVersion13()
	o.serverHello, o.report.Suite, o.suite = m, m.CipherSuite, o.findSuite(m.CipherSuite)
	// The session ID is echoed to look like a resumption. What resumes is a PSK, though one from
	// outside TLS resumes nothing (RFC 9846 §2.2): on the wire the two are alike.
	o.report.Resumed = m.Extensions.Find(iana.ExtPreSharedKey) != nil
	for i := range o.logged {
		o.takeLogged(&o.logged[i])
	}
	o.pskHandshake(m)
	o.enter(&o.server, handshaking, o.server.logged[handshaking])
}

// clientStarts reports whether the client's first record under handshake keys comes.
// Until then it may say in clear what it has to say, a ChangeCipherSpec or an alert.
func (o *Observer) clientStarts(h *half) bool {
	return !h.server && o.is13() && o.serverHello != nil && h.stage == inClear && !h.closed && hides(h.buf)
}

// startClient follows the client to its handshake keys.
func (o *Observer) startClient() {
	c := &o.client
	if c.inEarly() {
		return // next tells where it ends
	}
	if o.earlyOffered() && !o.retried {
		if k := o.bareEarly(); k != nil { // EndOfEarlyData comes, where there was none
			o.enterEarly(c, k)
			return
		}
		c.closed = true // 0-RTT data may still come: seek finds the first record that is not 0-RTT data
		return
	}
	o.enter(c, handshaking, c.logged[handshaking])
}

// takeLogged keeps a secret of the key log if it is of this connection.
func (o *Observer) takeLogged(l *logged) {
	if l.stage == early || o.suite == nil || o.hello == nil || l.random != o.hello.Random || len(l.secret) != o.suite.Hash.Size() {
		return
	}
	at := func(set *lineSet) **trafficKeys { return &set[bit(l.server)][l.stage] }
	if slices.ContainsFunc(o.sets, func(set *lineSet) bool { k := *at(set); return k != nil && bytes.Equal(k.secret.Bytes(), l.secret) }) {
		return
	}
	k := o.derive(o.suite, keyschedule.TrafficSecret{Secret: keyschedule.NewSecret(o.suite.Hash, l.secret)})
	if k == nil {
		return
	}
	if n := len(o.sets); n == 0 || *at(o.sets[n-1]) != nil {
		o.sets = append(o.sets, new(lineSet))
	}
	set := o.sets[len(o.sets)-1]
	*at(set) = k
	switch {
	case len(o.sets) == 1 || o.client.keys != nil || o.server.keys != nil:
		o.choose(o.sets[0])
	default:
		o.choose(new(lineSet)) // none yet
	}
}

// lineSet is what a key log has of one connection: of the client, of the server, by stage. Who replays a
// ClientHello makes more connections that a client random is of, and each has a set.
type lineSet [2][application + 1]*trafficKeys

func (o *Observer) choose(set *lineSet) {
	for i, h := range [...]*half{&o.client, &o.server} {
		for s, k := range set[i] {
			if k != nil || h.keys == nil {
				h.logged[s] = k
			}
		}
	}
}

// decide finds which of several sets is this connection's: the one that opens the first record of a stage of the
// server's. What comes from the client's side may be replayed with the rest.
func (o *Observer) decide(h *half, s stage, rec []byte) bool {
	if !h.server || len(o.sets) < 2 || h.logged[s] != nil {
		return false
	}
	for _, set := range o.sets {
		if opens(set[1][s], rec) {
			o.choose(set)
			return true
		}
	}
	return false
}

func opens(k *trafficKeys, rec []byte) bool {
	if k == nil {
		return false
	}
	_, _, err := k.protection.Open(nil, 0, bytes.Clone(rec), nil)
	return err == nil
}

func bit(server bool) int {
	if server {
		return 1
	}
	return 0
}

// begins looks whether rec, the first record of a stage that was entered without keys, opens after all.
func (o *Observer) begins(h *half, rec []byte) bool {
	before := h.before
	if h.before = nil; before == nil || !o.decide(h, h.stage, rec) {
		return false
	}
	h.rd = *before
	o.arm(h, h.logged[h.stage], true)
	return true
}

// derive makes the keys of a traffic secret; nil if the suite takes none such.
func (o *Observer) derive(su *suite.Suite, s keyschedule.TrafficSecret) *trafficKeys {
	c := su.Cipher
	k := &trafficKeys{suite: su, secret: s, key: make([]byte, c.KeyLen), iv: make([]byte, c.FixedIVLen)}
	s.Key(k.key)
	s.IV(k.iv)
	var err error
	if k.protection, err = c.Protect(suite.Keys{Key: k.key, IV: k.iv}, suite.Options{}); err != nil {
		o.trouble(err)
		return nil
	}
	return k
}

// enter begins an epoch: the first of a stage, or after KeyUpdate one more of the last.
// Without keys it stays closed, unless the suite hides nothing.
func (o *Observer) enter(h *half, to stage, k *trafficKeys) {
	if len(h.hs) > 0 {
		o.trouble(reason.New(reason.KeyChangeMidMessage, "RFC 9846 §5.1", "record", reason.Say("a change of keys between messages"), reason.Say("%d bytes of another message", len(h.hs))))
		h.hs = nil
	}
	if h.stage == inClear && h.early {
		h.rd.Change(nil, nil)
	}
	for ; h.stage+1 < to; h.stage++ { // a stage that stayed closed has been an epoch, too
		h.rd.Change(nil, nil)
	}
	first := h.stage != to
	if first && (k != nil || h.finished) {
		o.tallyReached(h, to)
	}
	h.stage = to
	if h.before = nil; first && k == nil && len(o.sets) > 1 {
		before := h.rd
		h.before = &before
	}
	o.arm(h, k, first)
}

// arm begins the epoch with k, of the stage that was entered.
func (o *Observer) arm(h *half, k *trafficKeys, first bool) {
	h.keys = k
	to := h.stage
	p, su := suite.Protection(nil), o.suite
	switch {
	case k != nil:
		p = k.protection
	case o.suite != nil && o.suite.Cipher.Kind == suite.MAC13:
		p = bare{macLen: o.suite.Cipher.TagLen, inner: true}
	case o.suite == nil && h.zeroRTT != nil && h.zeroRTT.key == nil: // no ServerHello, and no suite to choose that hides anything
		p, su = h.zeroRTT.protection, h.zeroRTT.suite
	}
	h.rd.Change(p, nil)
	h.closed, h.epoch, h.seq = p == nil, h.rd.Epoch(), 0
	if k != nil {
		o.noteKeys(h, k, to, first)
	}
	if p != nil {
		o.noteKeyChange(h, to.keys(), su.ID)
	}
}

// seek looks whether a record is the first of a stage to come: while a direction is
// closed only that can tell where its next epoch begins. Authentication makes it sure.
func (o *Observer) seek(h *half, rec []byte) bool {
	for s := h.stage + 1; s <= application; s++ {
		if o.decide(h, s, rec) || opens(h.logged[s], rec) {
			h.finished = h.finished || s == application
			o.enter(h, s, h.logged[s])
			return true
		}
	}
	return false
}

// update follows a KeyUpdate (RFC 9846 §7.2).
func (o *Observer) update(h *half) {
	if h.keys == nil {
		o.enter(h, application, nil)
		return
	}
	old, labels := h.keys.secret, h.role().Labels()
	next, from := old.Next(), labels.Traffic[event.ApplicationKeys]
	if h.updated {
		from = labels.NextTraffic
	}
	h.updated = true
	o.noteExpanded(o.suite, labels.NextTraffic, "traffic upd", from, old.Bytes(), next.Bytes())
	o.enter(h, application, o.derive(o.suite, next))
}

// finish13 checks a Finished, if it can, and goes on to the application's keys. What
// can be missing is the sender's handshake secret, where the suite hides nothing, and
// messages before it.
func (o *Observer) finish13(h *half, m *message.Finished, transcript []byte) {
	gap := o.released || o.server.missed || !h.server && (o.client.missed || o.client.early)
	if h.keys != nil && !gap {
		o.checkFinished13(h, m, transcript)
	}
	h.finished = true
	o.enter(h, application, h.logged[application])
}

func (o *Observer) checkFinished13(h *half, m *message.Finished, transcript []byte) {
	th, base := sum(o.suite.Hash, transcript), &h.keys.secret
	want, labels := base.VerifyData(th), h.role().Labels()
	if o.tellsSecrets() {
		key := base.FinishedKey()
		o.noteExpanded(o.suite, labels.FinishedKey, "finished", labels.Traffic[event.HandshakeKeys], base.Bytes(), key.Bytes())
		o.noteSecret(&event.Secret{Label: labels.VerifyData, Version: iana.TLS13, Function: event.FunctionHMAC, Method: "HMAC", Op: event.OpHash, Hash: o.suite.Hash.String(),
			Inputs: []event.Input{event.Private("finished_key", bytes.Clone(key.Bytes()), labels.FinishedKey), event.Public("transcript_hash", th)}, Value: bytes.Clone(want.Bytes())})
	}
	o.noteFinished(want.Bytes(), labels.VerifyData, m.VerifyData, hmac.Equal(want.Bytes(), m.VerifyData))
}
