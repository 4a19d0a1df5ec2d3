package observe

import (
	"bytes"
	"crypto"
	"crypto/hmac"

	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
)

// What a thief of pre-shared keys can do with a recording (RFC 9846 §2.2, §F.1). The
// binders tell whether a key belongs to this connection. If it does, 0-RTT data opens, for
// its keys come from nothing else; and if the server uses the key alone (psk_ke), all the
// rest opens too.
// With psk_dhe_ke the secret of a key exchange goes into the handshake's keys as well.

// psk is a key that fits a binder.
type psk struct {
	key      []byte
	hash     crypto.Hash
	index    int // of its identity in the ClientHello
	schedule keyschedule.EarlySecret
	// handshake is what psk_ke leads to; nil before ServerHello, and where it is not used.
	handshake *keyschedule.HandshakeSecret
}

// matchPSK tries the keys given on a ClientHello's binders. before is the transcript up to
// that message.
func (o *Observer) matchPSK(m *message.ClientHello, raw, before []byte) {
	o.psk = nil
	x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions)
	if !ok || len(o.o.PSKs) == 0 || x.BindersOffset() > len(raw) {
		return
	}
	covered := append(bytes.Clone(before), raw[:x.BindersOffset()]...)
	hashes := map[crypto.Hash][]byte{crypto.SHA256: sum(crypto.SHA256, covered), crypto.SHA384: sum(crypto.SHA384, covered)}
	for i, binder := range x.Binders {
		h := crypto.SHA256
		if len(binder) == crypto.SHA384.Size() {
			h = crypto.SHA384
		}
		for _, key := range o.o.PSKs {
			p := &psk{key: key, hash: h, index: i, schedule: keyschedule.NewEarlySecret(h, key)}
			for _, external := range []bool{false, true} {
				k := p.schedule.BinderKey(external)
				if want := k.Binder(hashes[h]); hmac.Equal(want.Bytes(), binder) {
					o.takePSK(m, p, append(bytes.Clone(before), raw...))
					return
				}
			}
		}
	}
}

// takePSK has a key of this connection, and transcript up to its ClientHello.
func (o *Observer) takePSK(m *message.ClientHello, p *psk, transcript []byte) {
	o.psk = p
	if m.Extensions.Find(iana.ExtEarlyData) != nil && p.index == 0 {
		s := p.schedule.ClientTraffic(sum(p.hash, transcript))
		o.logged = append(o.logged, logged{random: o.hello.Random, stage: early, secret: bytes.Clone(s.Bytes())})
	}
}

// pskHandshake makes the handshake's keys from the pre-shared key alone, if ServerHello says
// that the server does the same.
func (o *Observer) pskHandshake(m *message.ServerHello) {
	x, ok := message.Get[*message.PreSharedKeyServer](&m.Extensions)
	if o.psk == nil || !ok || int(x.Selected) != o.psk.index || o.suite == nil || o.suite.Hash != o.psk.hash ||
		m.Extensions.Find(iana.ExtKeyShare) != nil {
		return
	}
	s := o.psk.schedule.Handshake(nil)
	o.psk.handshake = &s
	th := sum(o.suite.Hash, o.transcript)
	o.client.logged[handshaking] = o.derive(o.suite, s.ClientTraffic(th))
	o.server.logged[handshaking] = o.derive(o.suite, s.ServerTraffic(th))
}

// pskMain goes on to the application's keys; transcript reaches to the server's Finished.
func (o *Observer) pskMain(transcript []byte) {
	if o.psk == nil || o.psk.handshake == nil {
		return
	}
	main, th := o.psk.handshake.Main(), sum(o.suite.Hash, transcript)
	o.client.logged[application] = o.derive(o.suite, main.ClientTraffic(th))
	o.server.logged[application] = o.derive(o.suite, main.ServerTraffic(th))
}
