package record

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// What a Reader does differently in TLS 1.3 (RFC 9846 §5). Before there are keys there is one
// difference: a change_cipher_spec must be 1 byte long. Once there are keys, every record says
// application_data and has its type inside, except two that are in clear:
//
//   - change_cipher_spec, by which a peer looks like TLS 1.2 to a middlebox. It is
//     handed on as a record that is not Protected, and not counted; the caller says
//     whether it may come now, for only the caller knows where the handshake is.
//   - an alert, as long as no protected record has been opened in the first epoch:
//     a client that could make nothing of ServerHello has no keys to protect it.

// checkHeader13 refuses what a header can say wrong. Its version is ignored (§5.1).
func (r *Reader) checkHeader13(typ iana.ContentType, n int) error {
	limit, ref := MaxPlaintext, "RFC 9846 §5.1"
	switch {
	case typ == iana.ApplicationData && r.dropping > 0: // it knows of no limit that was told since
		limit, ref = MaxCiphertext13, "RFC 9846 §5.2"
	case r.protects(typ):
		limit, ref = innerLimit(r.limit)+MaxCiphertext13-MaxInner, r.lengthRule("RFC 9846 §5.2")
	case typ == iana.ChangeCipherSpec && n == 1:
	case typ == iana.ChangeCipherSpec:
		return unexpected("RFC 9846 §5", "record.length", 3, reason.Say("1 byte of change_cipher_spec"), n)
	case r.protection == nil:
	case typ == iana.Alert && r.epoch == 1 && r.seq == 0:
		if n != alertLen {
			return unexpected("RFC 9846 §5.1", "record.length", 3, reason.Say("2 bytes of alert in clear"), n)
		}
	default:
		return unexpected("RFC 9846 §5.2", "record.type", 0, iana.ApplicationData, typ)
	}
	if n > limit {
		return overflow(ref, "record.length", limit, n)
	}
	return nil
}

// alertLen is the length of an alert: level and description.
const alertLen = 2

// open13 turns the fragment on the wire into Payload, and Type into the inner one.
func (r *Reader) open13(rec *Record, wire, into []byte, tr *suite.Trace) error {
	if !rec.Protected {
		if rec.Type == iana.ApplicationData && r.dropping > 0 {
			return badRecord
		}
		if rec.Type == iana.ChangeCipherSpec && rec.Payload[0] != 1 {
			return unexpected("RFC 9846 §5", "change_cipher_spec.type", HeaderLen, 1, rec.Payload[0])
		}
		return nil
	}
	typ, payload, err := r.protection.Open(into[:0:len(into)], r.seq, wire, tr)
	if err != nil {
		return err
	}
	r.dropping = 0 // early data has come to its end
	limit := innerLimit(r.limit)
	if n := len(wire) - HeaderLen - (r.protection.Overhead() - 1); n > limit {
		return overflow(r.lengthRule("RFC 9846 §5.4"), "inner_plaintext", limit, n)
	}
	if typ != iana.ApplicationData && len(into) > 0 && cap(payload) > 0 && &payload[:1][0] == &into[0] {
		// The caller keeps this payload, but into belongs to the application. (Even an
		// empty payload has its type behind it there.)
		own := wire[HeaderLen:][:len(payload)]
		copy(own, payload)
		clear(into[:min(len(into), len(wire))])
		payload = own
	}
	if typ != iana.ApplicationData && typ != iana.Handshake && typ != iana.Alert { // change_cipher_spec among them
		return unexpected("RFC 9846 §5", "inner_plaintext.type", HeaderLen, reason.Say("handshake, alert or application_data"), typ)
	}
	rec.Type, rec.Payload = typ, payload
	return nil
}

// badRecord stands for a record for which this end has no keys.
var badRecord = reason.New(reason.BadRecordMAC, "RFC 9846 §5.2", "record.fragment", nil, nil)

// drop decides whether a record that does not open is early data to be passed over.
func (r *Reader) drop(rec *Record, err error) bool {
	if r.dropping <= 0 || r.version != iana.TLS13 || rec.Type != iana.ApplicationData || reason.Of(err) != reason.BadRecordMAC {
		return false
	}
	r.dropping -= max(1, len(rec.Payload)-earlyOverhead) // of what is allowed, only the content is counted (RFC 9846 §4.7.1)
	rec.Dropped = true
	return r.dropping >= 0
}

// earlyOverhead is the type and the tag of a record, which its sender has not counted.
const earlyOverhead = 1 + 16

// unexpected says that a record may not come, or not like this.
func unexpected(ref, field string, off int, want, got any) error {
	return &reason.Error{Reason: reason.UnexpectedRecord, Ref: ref, Field: field, Off: off, Want: want, Got: got}
}
