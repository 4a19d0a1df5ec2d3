package handshake

import (
	"crypto"
	"crypto/subtle"
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// keys13 is what both roles of TLS 1.3 do alike: the key schedule from the shared
// secret on (RFC 9846 §7.1), changes of keys, CertificateVerify, Finished.
type keys13 struct {
	psk                          *psk // that the schedule begins with; nil: none
	handshake                    keyschedule.HandshakeSecret
	main                         keyschedule.MainSecret
	clientTraffic, serverTraffic keyschedule.TrafficSecret // of the epoch at hand
	// The next epoch's, made when the server's Finished is hashed; each direction
	// changes to it at a time of its own.
	clientNext, serverNext keyschedule.TrafficSecret
}

// deriveHandshake goes from the shared secret to the handshake traffic secrets. The
// transcript must reach to ServerHello, and no further.
func (k *keys13) deriveHandshake(e *Endpoint, clientRandom, shared []byte) error {
	h := e.summary.Suite.Hash
	var key []byte
	if k.psk != nil {
		key = k.psk.key
	}
	early := keyschedule.NewEarlySecret(h, key)
	derived := early.Derived()
	k.handshake = keyschedule.HandshakeFrom(derived, shared)
	th := e.transcriptHash(len(e.transcript.bytes))
	k.clientTraffic, k.serverTraffic = k.handshake.ClientTraffic(th), k.handshake.ServerTraffic(th)
	if e.revealing() {
		none := make([]byte, h.Size())
		derived := derived // a copy: what is told of goes to the heap, and silently it stays on the stack
		if key == nil {    // else it has been told with the binder
			e.extracted(event.LabelEarlySecret, event.Public("salt", none), event.Public("ikm", none), early.Bytes())
		}
		e.expanded(event.LabelEarlyDerived, "derived", event.LabelEarlySecret, early.Bytes(), emptyHash(h), derived.Bytes())
		ikm := event.Public("ikm", none)
		if shared != nil {
			ikm = event.Private("ikm", shared, event.LabelSharedSecret)
		}
		e.extracted(event.LabelHandshakeSecret, event.Private("salt", derived.Bytes(), event.LabelEarlyDerived), ikm, k.handshake.Bytes())
		e.expanded(event.LabelClientHandshakeTrafficSecret, "c hs traffic", event.LabelHandshakeSecret, k.handshake.Bytes(), th, k.clientTraffic.Bytes())
		e.expanded(event.LabelServerHandshakeTrafficSecret, "s hs traffic", event.LabelHandshakeSecret, k.handshake.Bytes(), th, k.serverTraffic.Bytes())
	}
	if err := e.logKey("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientRandom, k.clientTraffic.Bytes()); err != nil {
		return err
	}
	return e.logKey("SERVER_HANDSHAKE_TRAFFIC_SECRET", clientRandom, k.serverTraffic.Bytes())
}

// deriveMain goes on to the application's secrets. The transcript must reach to the
// server's Finished, and no further.
func (k *keys13) deriveMain(e *Endpoint, clientRandom []byte) error {
	derived := k.handshake.Derived()
	k.main = keyschedule.MainFrom(derived)
	th := e.transcriptHash(len(e.transcript.bytes))
	k.clientNext, k.serverNext = k.main.ClientTraffic(th), k.main.ServerTraffic(th)
	x := &exporter13{hash: e.summary.Suite.Hash, secret: k.main.Exporter(th)}
	if e.early != nil {
		x.early = e.early.exports
	}
	e.exporter = x
	if e.revealing() {
		h := e.summary.Suite.Hash
		derived := derived // as in deriveHandshake
		e.expanded(event.LabelHandshakeDerived, "derived", event.LabelHandshakeSecret, k.handshake.Bytes(), emptyHash(h), derived.Bytes())
		e.extracted(event.LabelMainSecret, event.Private("salt", derived.Bytes(), event.LabelHandshakeDerived), event.Public("ikm", make([]byte, h.Size())), k.main.Bytes())
		e.expanded(event.LabelClientApplicationTrafficSecret0, "c ap traffic", event.LabelMainSecret, k.main.Bytes(), th, k.clientNext.Bytes())
		e.expanded(event.LabelServerApplicationTrafficSecret0, "s ap traffic", event.LabelMainSecret, k.main.Bytes(), th, k.serverNext.Bytes())
		e.expanded(event.LabelExporterSecret, "exp master", event.LabelMainSecret, k.main.Bytes(), th, x.secret.Bytes())
	}
	for _, l := range []struct {
		label  string
		secret []byte
	}{{"CLIENT_TRAFFIC_SECRET_0", k.clientNext.Bytes()}, {"SERVER_TRAFFIC_SECRET_0", k.serverNext.Bytes()},
		{"EXPORTER_SECRET", x.secret.Bytes()}} {
		if err := e.logKey(l.label, clientRandom, l.secret); err != nil {
			return err
		}
	}
	return nil
}

// finish keeps what the connection needs after the handshake. The transcript must
// reach to the client's Finished.
func (k *keys13) finish(e *Endpoint) {
	th := e.transcriptHash(len(e.transcript.bytes))
	resumption := k.main.Resumption(th)
	t := &traffic{read: k.serverNext, write: k.clientNext, resumption: &resumption}
	if k.psk != nil && k.psk.session != nil {
		t.until = k.psk.session.Created.Add(k.psk.session.Lifetime)
	}
	if e.role == event.Server {
		t.read, t.write = t.write, t.read
	}
	if e.revealing() {
		e.expanded(event.LabelResumptionSecret, "res master", event.LabelMainSecret, k.main.Bytes(), th, t.resumption.Bytes())
	}
	e.traffic = t
}

// protect puts one direction under the keys of a traffic secret (RFC 9846 §7.3), which
// are k.
func (e *Endpoint) protect(d event.Direction, s *keyschedule.TrafficSecret, k event.Keys) error {
	return e.protectWith(d, e.summary.Suite, s, k)
}

func (e *Endpoint) protectWith(d event.Direction, su *suite.Suite, s *keyschedule.TrafficSecret, k event.Keys) error {
	if d == event.Receive && len(e.ch.hs) > 0 {
		return reason.New(reason.KeyChangeMidMessage, "RFC 9846 §5.1", "record", reason.Say("a change of keys between messages"), reason.Say("%d bytes of another message", len(e.ch.hs)))
	}
	if d == event.Send {
		if err := e.endRecord(); err != nil {
			return err
		}
	}
	c := su.Cipher
	both := make([]byte, c.KeyLen+c.FixedIVLen)
	keys := suite.Keys{Key: both[:c.KeyLen], IV: both[c.KeyLen:]}
	s.Key(keys.Key)
	s.IV(keys.IV)
	if e.revealing() {
		labels, from := e.sender(d).Labels(), e.trafficLabel(d, k)
		e.expandedWith(su.Hash.String(), labels.Key[k], "key", from, s.Bytes(), nil, "context", keys.Key)
		e.expandedWith(su.Hash.String(), labels.IV[k], "iv", from, s.Bytes(), nil, "context", keys.IV)
	}
	p, err := c.Protect(keys, suite.Options{Padding: e.cfg.Padding})
	if err != nil {
		return err
	}
	if d == event.Send {
		e.ch.wr.Change(p, nil)
	} else {
		e.ch.rd.Change(p, nil)
	}
	e.noteKeyChange(d, k, su.ID)
	return nil
}

// sender is the role whose bytes travel in direction d.
func (e *Endpoint) sender(d event.Direction) event.Role {
	if (e.role == event.Client) == (d == event.Send) {
		return event.Client
	}
	return event.Server
}

// verifyData is what the Finished of a role must hold (RFC 9846 §4.5.3), when the
// transcript is upTo bytes long.
func (k *keys13) verifyData(e *Endpoint, role event.Role, upTo int) keyschedule.Secret {
	base := &k.clientTraffic
	if role == event.Server {
		base = &k.serverTraffic
	}
	th := e.transcriptHash(upTo)
	key := base.FinishedKey()
	v := keyschedule.VerifyDataFrom(key, th)
	if e.revealing() {
		key := key // as in deriveHandshake
		labels := role.Labels()
		e.expanded(labels.FinishedKey, "finished", labels.Traffic[event.HandshakeKeys], base.Bytes(), nil, key.Bytes())
		e.secret(event.Secret{Label: labels.VerifyData, Version: iana.TLS13, Function: event.FunctionHMAC, Method: "HMAC", Op: event.OpHash, Hash: e.summary.Suite.Hash.String()}, v.Bytes(),
			event.Private("finished_key", key.Bytes(), labels.FinishedKey), event.Public("transcript_hash", th))
	}
	return v
}

func (k *keys13) writeFinished(e *Endpoint) error {
	v := k.verifyData(e, e.role, len(e.transcript.bytes))
	return e.send(&message.Finished{VerifyData: v.Bytes()})
}

func (k *keys13) checkFinished(e *Endpoint, m *message.Finished) error {
	if err := checkVerifyDataLen(m, e.summary.Suite.Hash.Size(), "RFC 9846 §4.5.3"); err != nil {
		return err
	}
	peer := e.sender(event.Receive)
	want := k.verifyData(e, peer, e.transcript.mark)
	var err error
	if subtle.ConstantTimeCompare(want.Bytes(), m.VerifyData) != 1 {
		err = &reason.Error{Reason: reason.BadFinished, Ref: "RFC 9846 §4.5.3", Field: "finished.verify_data", Off: 4,
			Want: fmt.Sprintf("%x", want.Bytes()), Got: fmt.Sprintf("%x", m.VerifyData)}
	}
	if e.listening() {
		e.checked(event.Check{What: event.CheckFinished, Op: event.OpHash, Method: e.summary.Suite.Hash.String(), Err: err},
			expected(want.Bytes(), peer.Labels().VerifyData), event.Public("received", m.VerifyData))
	}
	if err != nil {
		return err
	}
	return e.verifyConnection()
}

// emptyHash is the hash of no messages.
func emptyHash(h crypto.Hash) []byte { return h.New().Sum(nil) }
