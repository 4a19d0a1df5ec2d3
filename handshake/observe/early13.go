package observe

import (
	"bytes"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/suite"
)

// 0-RTT data, under the client's early traffic secret (RFC 9846 §4.3.10, §7.1). It goes
// by before the server has chosen a suite: that is the one of the ticket, which a listener
// does not know. So each suite that the client offers is tried, and authentication tells
// which it was. Where the data ends is said by EndOfEarlyData, or by nothing at all if
// the server passed over it.

// opensEarly looks for the keys of 0-RTT data whose first record is in h.buf.
func (o *Observer) opensEarly(h *half) bool {
	rec := whole(h.buf)
	if rec == nil || h.early {
		return false
	}
	for i := range o.logged {
		l := &o.logged[i]
		if l.stage != early || l.random != o.hello.Random {
			continue
		}
		for _, id := range o.hello.CipherSuites {
			su := o.suite13(id)
			if su == nil || su.Hash.Size() != len(l.secret) {
				continue
			}
			k := o.derive(su, keyschedule.TrafficSecret{Secret: keyschedule.NewSecret(su.Hash, l.secret)})
			if k == nil {
				continue
			}
			if _, _, err := k.protection.Open(nil, 0, bytes.Clone(rec), nil); err == nil {
				o.enterEarly(h, k)
				return true
			}
		}
	}
	if k := o.bareEarly(); k != nil {
		o.enterEarly(h, k)
		return true
	}
	return false
}

// bareEarly is what opens 0-RTT data to whoever listens: every suite that the client offers
// for TLS 1.3 hides nothing (RFC 9150), and its MACs are of one length. Nil otherwise: the
// ticket's suite is one of those offered, and nobody who listens knows which.
func (o *Observer) bareEarly() (k *trafficKeys) {
	for _, id := range o.hello.CipherSuites {
		switch su := o.suite13(id); {
		case iana.IsGREASE(uint16(id)) || id == iana.EmptyRenegotiationInfoSCSV || id == iana.FallbackSCSV: // no suites
		case su == nil && o.suiteOf(id, false) != nil: // of another version
		case su == nil || su.Cipher.Kind != suite.MAC13 || k != nil && k.suite.Cipher.TagLen != su.Cipher.TagLen:
			return nil
		case k == nil:
			k = &trafficKeys{suite: su, protection: bare{macLen: su.Cipher.TagLen, inner: true}}
		}
	}
	return k
}

// enterEarly begins the epoch of 0-RTT data.
func (o *Observer) enterEarly(h *half, k *trafficKeys) {
	h.zeroRTT = k
	h.rd.SetVersion(k.suite.Version)
	h.rd.Change(k.protection, nil)
	h.epoch, h.seq = h.rd.Epoch(), 0
	if k.key != nil {
		o.noteKeys(h, k, early, true)
	}
	o.noteKeyChange(h, event.EarlyKeys, k.suite.ID)
}

// endsEarly reports whether rec is the first record after the 0-RTT data, although no
// EndOfEarlyData came. If it is, endsEarly follows the client to its handshake keys.
func (o *Observer) endsEarly(h *half, rec []byte) bool {
	if o.serverHello == nil || !o.is13() {
		return false
	}
	if _, _, err := h.zeroRTT.protection.Open(nil, h.seq, bytes.Clone(rec), nil); err == nil {
		return false
	}
	if !o.seek(h, rec) {
		o.enter(h, handshaking, nil)
	}
	return true
}

// inEarly reports whether a direction is under the keys of 0-RTT data.
func (h *half) inEarly() bool { return h.zeroRTT != nil && !h.zeroOver && h.stage == inClear }

// retriesEarly ends 0-RTT data at a HelloRetryRequest: the server passes over it, and the
// client goes back to clear for its second ClientHello.
func (o *Observer) retriesEarly(h *half) {
	opened := h.inEarly()
	if !h.early && !opened {
		return
	}
	if h.early {
		h.rd.Change(nil, nil)
	}
	h.rd.Change(nil, nil)
	h.epoch, h.seq, h.early, h.zeroOver = h.rd.Epoch(), 0, false, true
	if opened {
		o.noteKeyChange(h, event.InClear, 0)
	}
}

// openedEarly returns the secret of 0-RTT data, if it opened any.
func (h *half) openedEarly() []byte {
	if h.zeroRTT == nil || h.zeroRTT.key == nil || !h.opens[early] {
		return nil
	}
	return bytes.Clone(h.zeroRTT.secret.Bytes())
}
