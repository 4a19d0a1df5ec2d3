package keyschedule

import (
	"crypto"
	"fmt"
)

// Secret is one value of the TLS 1.3 schedule: Hash.length bytes, and the hash
// that it goes on with. The schedule's secrets are types around it, so one that
// comes from elsewhere, say from a key log, is put in its place as
// TrafficSecret{Secret: NewSecret(h, logged)}.
type Secret struct {
	h crypto.Hash
	n uint8
	b [maxSize]byte
}

// NewSecret copies value, which panics unless it is h.Size() bytes long.
func NewSecret(h crypto.Hash, value []byte) Secret {
	if len(value) != h.Size() {
		panic(fmt.Sprintf("keyschedule: a secret under %v is %d bytes, not %d", h, h.Size(), len(value)))
	}
	s := Secret{h: h, n: uint8(len(value))}
	copy(s.b[:], value)
	return s
}

// Bytes is the secret's value, and not a copy: clear(s.Bytes()) erases it, as
// RFC 9846 §7.1 asks once all that is wanted has been derived. A zero Secret has no bytes.
func (s *Secret) Bytes() []byte { return s.b[:s.n] }

// derive is HKDF-Expand-Label to Hash.length bytes. With a transcript hash for
// context it is RFC 9846's Derive-Secret.
func (s *Secret) derive(label string, context []byte) Secret {
	d := Secret{h: s.h, n: s.n}
	ExpandLabel(s.h, d.Bytes(), s.Bytes(), label, context)
	return d
}

// deriveEmpty is Derive-Secret(., label, ""): the transcript is of no messages.
func (s *Secret) deriveEmpty(label string) Secret {
	var empty [maxSize]byte
	digest(s.h, empty[:s.n], nil)
	return s.derive(label, empty[:s.n])
}

// extract is HKDF-Extract with s for salt. A nil ikm stands for Hash.length zeros.
func (s *Secret) extract(ikm []byte) Secret {
	var zeros [maxSize]byte
	if ikm == nil {
		ikm = zeros[:s.n]
	}
	e := Secret{h: s.h, n: s.n}
	hmacSum(s.h, e.Bytes(), s.Bytes(), ikm)
	return e
}

// finished is HMAC(finished_key, transcriptHash) for the base key s (RFC 9846 §4.5.3).
func (s *Secret) finished(transcriptHash []byte) Secret {
	return VerifyDataFrom(s.derive("finished", nil), transcriptHash)
}

// EarlySecret begins the schedule: HKDF-Extract(0, PSK).
type EarlySecret struct{ Secret }

// NewEarlySecret extracts the early secret from a PSK of any length. nil is no
// PSK, for which Hash.length zeros stand.
func NewEarlySecret(h crypto.Hash, psk []byte) EarlySecret {
	zero := Secret{h: h, n: uint8(h.Size())}
	return EarlySecret{zero.extract(psk)}
}

// BinderKey derives binder_key, from no messages: label "ext binder" for an
// external PSK, "res binder" for one that a ticket brought. (The "imp binder" of
// imported PSKs is RFC 9258's, and not here.)
func (s *EarlySecret) BinderKey(external bool) BinderKey {
	if external {
		return BinderKey{s.deriveEmpty("ext binder")}
	}
	return BinderKey{s.deriveEmpty("res binder")}
}

// ClientTraffic derives client_early_traffic_secret, "c e traffic", for 0-RTT
// data. Transcript: ClientHello.
func (s *EarlySecret) ClientTraffic(transcriptHash []byte) TrafficSecret {
	return TrafficSecret{s.derive("c e traffic", transcriptHash)}
}

// Exporter derives early_exporter_secret, "e exp master". Transcript:
// ClientHello. What it exports can be replayed, as 0-RTT data can; only an application
// that asks for it by name should get it (RFC 9846 §7.5).
func (s *EarlySecret) Exporter(transcriptHash []byte) ExporterSecret {
	return ExporterSecret{s.derive("e exp master", transcriptHash)}
}

// Derived is the salt of the next extraction: label "derived", no messages.
func (s *EarlySecret) Derived() Secret { return s.deriveEmpty("derived") }

// Handshake extracts the handshake secret from the key exchange's shared secret.
// nil is no exchange (psk_ke), for which Hash.length zeros stand.
func (s *EarlySecret) Handshake(shared []byte) HandshakeSecret {
	return HandshakeFrom(s.Derived(), shared)
}

// HandshakeFrom is EarlySecret.Handshake for who has what Derived returns, and wants it for
// more than this.
func HandshakeFrom(derived Secret, shared []byte) HandshakeSecret {
	return HandshakeSecret{derived.extract(shared)}
}

// HandshakeSecret is the schedule with the key exchange in it.
type HandshakeSecret struct{ Secret }

// ClientTraffic derives client_handshake_traffic_secret, "c hs traffic".
// Transcript: ClientHello…ServerHello.
func (s *HandshakeSecret) ClientTraffic(transcriptHash []byte) TrafficSecret {
	return TrafficSecret{s.derive("c hs traffic", transcriptHash)}
}

// ServerTraffic derives server_handshake_traffic_secret, "s hs traffic".
// Transcript: ClientHello…ServerHello.
func (s *HandshakeSecret) ServerTraffic(transcriptHash []byte) TrafficSecret {
	return TrafficSecret{s.derive("s hs traffic", transcriptHash)}
}

// Derived is the salt of the next extraction: label "derived", no messages.
func (s *HandshakeSecret) Derived() Secret { return s.deriveEmpty("derived") }

// Main extracts the main secret. There is nothing left to add: its input is zeros.
func (s *HandshakeSecret) Main() MainSecret { return MainFrom(s.Derived()) }

// MainFrom is HandshakeSecret.Main for who has what Derived returns.
func MainFrom(derived Secret) MainSecret { return MainSecret{derived.extract(nil)} }

// MainSecret ends the schedule. RFC 8446 and the labels, which had to stay, say
// master secret.
type MainSecret struct{ Secret }

// ClientTraffic derives client_application_traffic_secret_0, "c ap traffic".
// Transcript: ClientHello…server Finished.
func (s *MainSecret) ClientTraffic(transcriptHash []byte) TrafficSecret {
	return TrafficSecret{s.derive("c ap traffic", transcriptHash)}
}

// ServerTraffic derives server_application_traffic_secret_0, "s ap traffic".
// Transcript: ClientHello…server Finished.
func (s *MainSecret) ServerTraffic(transcriptHash []byte) TrafficSecret {
	return TrafficSecret{s.derive("s ap traffic", transcriptHash)}
}

// Exporter derives exporter_secret, "exp master". Transcript:
// ClientHello…server Finished.
func (s *MainSecret) Exporter(transcriptHash []byte) ExporterSecret {
	return ExporterSecret{s.derive("exp master", transcriptHash)}
}

// Resumption derives resumption_secret, "res master". Transcript:
// ClientHello…client Finished, so client authentication is in it.
func (s *MainSecret) Resumption(transcriptHash []byte) ResumptionSecret {
	return ResumptionSecret{s.derive("res master", transcriptHash)}
}

// TrafficSecret protects what one side sends in one epoch: 0-RTT, handshake, or
// application data of some generation.
type TrafficSecret struct{ Secret }

// Key fills out with the write key (RFC 9846 §7.3); the AEAD says how long it is,
// and so does out.
func (s *TrafficSecret) Key(out []byte) { ExpandLabel(s.h, out, s.Bytes(), "key", nil) }

// IV fills out with the write IV (RFC 9846 §7.3), into which the record's number is xored.
func (s *TrafficSecret) IV(out []byte) { ExpandLabel(s.h, out, s.Bytes(), "iv", nil) }

// FinishedKey derives finished_key, with which the sender of this handshake
// traffic secret makes its Finished (RFC 9846 §4.5.3).
func (s *TrafficSecret) FinishedKey() Secret { return s.derive("finished", nil) }

// VerifyData computes verify_data of the Finished whose sender has this handshake
// traffic secret (RFC 9846 §4.5.3). Transcript: every handshake message before
// that Finished. A receiver compares in constant time.
func (s *TrafficSecret) VerifyData(transcriptHash []byte) Secret { return s.finished(transcriptHash) }

// VerifyDataFrom is TrafficSecret.VerifyData for who has the FinishedKey.
func VerifyDataFrom(finishedKey Secret, transcriptHash []byte) Secret {
	v := Secret{h: finishedKey.h, n: finishedKey.n}
	hmacSum(v.h, v.Bytes(), finishedKey.Bytes(), transcriptHash)
	return v
}

// Next derives application_traffic_secret_N+1 from the Nth, for a KeyUpdate
// (RFC 9846 §7.2). There is no way back: that is what the update is for.
func (s *TrafficSecret) Next() TrafficSecret { return TrafficSecret{s.derive("traffic upd", nil)} }

// BinderKey proves knowledge of a PSK in the ClientHello that offers it.
type BinderKey struct{ Secret }

// FinishedKey derives the key of the binder's HMAC, as a Finished has one.
func (k *BinderKey) FinishedKey() Secret { return k.derive("finished", nil) }

// Binder computes a PskBinderEntry (RFC 9846 §4.3.11.2). Transcript: everything up
// to and including this ClientHello, cut off before its list of binders.
func (k *BinderKey) Binder(transcriptHash []byte) Secret { return k.finished(transcriptHash) }

// ExporterSecret gives keying material to applications.
type ExporterSecret struct{ Secret }

// Export computes n bytes of keying material (RFC 9846 §7.5), in two stages: a
// secret for the label, from no messages, and from that the value for the hash of
// context. A nil context and an empty one give the same, unlike in TLS 1.2. Export
// panics unless label is 1 to 249 bytes, and if n is more than 255 digests.
func (s *ExporterSecret) Export(label string, context []byte, n int) []byte {
	out := make([]byte, n)
	var hash [maxSize]byte
	digest(s.h, hash[:s.n], context)
	stage := s.deriveEmpty(label)
	ExpandLabel(s.h, out, stage.Bytes(), "exporter", hash[:s.n])
	return out
}

// ResumptionSecret gives each ticket of a connection a PSK of its own.
type ResumptionSecret struct{ Secret }

// PSK derives the PSK that belongs to the ticket with this ticket_nonce, at most
// 255 bytes (RFC 9846 §4.7.1).
func (s *ResumptionSecret) PSK(nonce []byte) Secret { return s.derive("resumption", nonce) }
