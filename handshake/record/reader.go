package record

import (
	"math"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// Reader takes records out of a byte stream that the caller holds. Its zero value
// is where a connection begins: no protection, no compression, any version 3.x.
type Reader struct {
	protection suite.Protection
	compressor Compressor
	seq        uint64
	epoch      int
	empty      int                // empty records in a row
	limit      int                // 0: the version's own
	dropping   int                // bytes of early data that may still be passed over
	version    iana.Version       // 0: any 3.x
	judgedBy   iana.Version       // whose rules errors name while version is 0
	limitBy    iana.ExtensionType // where limit comes from, if there is one
}

// SetVersion makes every other version in a header a reason.BadRecordVersion: once
// ServerHello has settled the version, records carry it (RFC 5246 §6.2.1). 0
// accepts any 3.x again. TLS13 does, and what is beyond: its headers say nothing of the version
// (RFC 9846 §5.1). It makes the records TLS 1.3's (see reader13.go).
func (r *Reader) SetVersion(v iana.Version) { r.version = v }

// JudgeBy says whose rules errors name as long as SetVersion has settled nothing: what the
// ends speak is known before every record must say so. Without it they are TLS 1.3's.
func (r *Reader) JudgeBy(v iana.Version) { r.judgedBy = v }

// SetLimit sets the most plaintext bytes in a record, as negotiated by
// max_fragment_length (RFC 6066 §4) or told by our record_size_limit (RFC 8449 §4); by is
// which of the two, for the error. Out of 1…MaxPlaintext it means MaxPlaintext.
//
// In TLS 1.3 the same number bounds the inner plaintext of a protected record, type
// and padding included, and out of 2…MaxInner it means MaxInner. Records in clear
// are not subject to it.
func (r *Reader) SetLimit(n int, by iana.ExtensionType) { r.limit, r.limitBy = n, by }

// Change begins an epoch: what comes next is opened by p and decompressed by c,
// and sequence numbers begin at 0 again.
func (r *Reader) Change(p suite.Protection, c Compressor) {
	r.protection, r.compressor = p, c
	r.seq, r.epoch, r.empty = 0, r.epoch+1, 0
}

// Epoch counts the changes of keys so far.
func (r *Reader) Epoch() int { return r.epoch }

// DropEarlyData makes the reader pass over early data that is not accepted, of which
// there are at most n bytes of records: before there are keys it is application_data, and
// after that what does not open, up to the first record that does (RFC 9846 §4.3.10).
// With 0 it stops that.
func (r *Reader) DropEarlyData(n int) { r.dropping = n }

// Need is how many bytes buf lacks of its first record, header or whole, and at
// least 1: what to read next. buf is what Next found too short.
func (r *Reader) Need(buf []byte) int {
	if len(buf) < HeaderLen {
		return HeaderLen - len(buf)
	}
	return max(1, HeaderLen+length(buf)-len(buf))
}

// Next takes the first record out of buf. n is how many bytes of buf it was; n
// == 0 without an error means that buf does not hold all of it yet (see Need).
//
// A protected record is opened in place, so buf[:n] is garbage afterwards, unless
// it is application data that fits into into, where it goes then; in TLS 1.3 with
// one byte to spare for its type, and as many as it has padding. No other payload is
// ever in into: in TLS 1.3, where a record tells its type only once it is open, such
// a payload is moved back to buf, and into is cleared. With note the record is a copy
// of its own, with Wire and Steps.
//
// The error is a *reason.Error, with Off counted from the start of the record:
// NotTLS, BadRecordVersion, UnexpectedRecord, RecordOverflow, BadRecordMAC,
// DecompressionFailure, EmptyRecordFlood, SequenceExhausted. All are fatal.
func (r *Reader) Next(buf, into []byte, note bool) (rec Record, n int, err error) {
	if len(buf) < HeaderLen {
		return Record{}, 0, nil
	}
	if err := r.checkHeader(buf); err != nil {
		return Record{}, 0, err
	}
	n = HeaderLen + length(buf)
	if len(buf) < n {
		return Record{}, 0, nil
	}
	if r.seq == math.MaxUint64 {
		return Record{}, 0, exhausted(r.rule("RFC 9846 §5.3", "RFC 5246 §6.1"))
	}
	wire := buf[:n:n]
	typ := iana.ContentType(wire[0])
	rec = Record{Type: typ, Version: version(wire),
		Epoch: r.epoch, Seq: r.seq, Protected: r.protects(typ), Payload: wire[HeaderLen:]}
	var tr *suite.Trace
	if note {
		rec.Wire = slices.Clone(wire)
		if r.protection != nil || r.compressor != nil {
			tr = new(suite.Trace)
			tr.AddOwn(suite.StepHeader, rec.Wire[:HeaderLen])
		}
	}
	if err := r.open(&rec, wire, into, tr); err != nil {
		if !r.drop(&rec, err) {
			return Record{}, 0, err
		}
		if tr != nil {
			rec.Steps = tr.Steps
		}
		return rec, n, nil
	}
	if err := r.checkEmpty(&rec); err != nil {
		return Record{}, 0, err
	}
	switch {
	case tr != nil:
		rec.Payload = slices.Clone(rec.Payload)
		tr.AddOwn(suite.StepPlaintext, rec.Payload)
		rec.Steps = tr.Steps
	case note: // in clear: as it came
		rec.Payload = rec.Wire[HeaderLen:]
		rec.Steps = []suite.Step{{Name: suite.StepHeader, Bytes: rec.Wire[:HeaderLen:HeaderLen]}, {Name: suite.StepPlaintext, Bytes: rec.Payload}}
	}
	if rec.Protected || r.protection == nil {
		r.seq++
	}
	return rec, n, nil
}

// protects reports whether a record whose header says typ is protected.
func (r *Reader) protects(typ iana.ContentType) bool {
	return r.protection != nil && (r.version != iana.TLS13 || typ == iana.ApplicationData)
}

// open turns the fragment on the wire into Payload.
func (r *Reader) open(rec *Record, wire, into []byte, tr *suite.Trace) (err error) {
	if r.version == iana.TLS13 {
		return r.open13(rec, wire, into, tr)
	}
	if r.protection != nil {
		if rec.Type != iana.ApplicationData || r.compressor != nil {
			into = nil // the engine keeps these; into belongs to the application
		}
		rec.Type, rec.Payload, err = r.protection.Open(into[:0:len(into)], r.seq, wire, tr)
		if err != nil {
			return err
		}
	}
	limit := plaintextLimit(r.limit)
	if r.compressor != nil {
		if len(rec.Payload) > limit+MaxCompressed-MaxPlaintext {
			return overflow(r.lengthRule("RFC 5246 §6.2.2"), "record.compressed", limit+MaxCompressed-MaxPlaintext, len(rec.Payload))
		}
		if tr != nil {
			tr.Add(suite.StepCompressed, rec.Payload)
		}
		rec.Payload, err = r.compressor.Decompress(nil, rec.Payload, limit)
		return err
	}
	if len(rec.Payload) > limit {
		return overflow(r.lengthRule("RFC 5246 §6.2.1"), "record.plaintext", limit, len(rec.Payload))
	}
	return nil
}

// checkHeader refuses what no amount of further bytes can make acceptable.
func (r *Reader) checkHeader(buf []byte) error {
	typ, v := iana.ContentType(buf[0]), version(buf)
	known := typ >= iana.ChangeCipherSpec && typ <= iana.ApplicationData
	if !known && v>>8 != 3 && r.seq == 0 && r.epoch == 0 {
		return &reason.Error{Reason: reason.NotTLS, Ref: r.rule("RFC 9846 §5.1", "RFC 5246 §6.2.1"), Field: "record", Want: reason.Say("a TLS record"), Got: guess(buf)}
	}
	if !known {
		return &reason.Error{Reason: reason.UnexpectedRecord, Ref: r.rule("RFC 9846 §5", "RFC 5246 §6"), Field: "record.type",
			Want: reason.Say("a content type of TLS, 20 to 23"), Got: typ}
	}
	if v>>8 < 3 || v>>8 > 3 && r.version != iana.TLS13 { // which ignores it (RFC 9846 §5.1)
		return &reason.Error{Reason: reason.BadRecordVersion, Ref: r.versionRule(v), Field: "record.version", Off: 1, Want: "0x03..", Got: v}
	}
	if r.version == iana.TLS13 {
		return r.checkHeader13(typ, length(buf))
	}
	if r.version != 0 && v != r.version {
		return &reason.Error{Reason: reason.BadRecordVersion, Ref: "RFC 5246 §6.2.1", Field: "record.version", Off: 1, Want: r.version, Got: v}
	}
	limit, ref := plaintextLimit(r.limit), r.rule("RFC 9846 §5.1", "RFC 5246 §6.2.1")
	if r.compressor != nil {
		limit, ref = limit+MaxCompressed-MaxPlaintext, "RFC 5246 §6.2.2"
	}
	if r.protection != nil {
		limit, ref = plaintextLimit(r.limit)+MaxCiphertext-MaxPlaintext, "RFC 5246 §6.2.3"
	}
	if n := length(buf); n > limit {
		return overflow(r.lengthRule(ref), "record.length", limit, n)
	}
	return nil
}

// rule is where a rule stands that both versions have: TLS 1.2's once it is settled, and
// TLS 1.3's before that.
func (r *Reader) rule(tls13, tls12 string) string {
	v := r.version
	if v == 0 {
		v = r.judgedBy
	}
	if v == iana.TLS12 {
		return tls12
	}
	return tls13
}

// versionRule is where it stands that v, which is not of the form 3.x, is no version of a record.
func (r *Reader) versionRule(v iana.Version) string {
	if v>>8 < 3 {
		return r.rule("RFC 9846 §E.5", "RFC 5246 §6.2.1")
	}
	// It is the sender's rule that is broken, to write 0x0303, or 0x0301 at first. The same section
	// has the receiver ignore it; but what says more than {03,XX} at the beginning is as a rule DTLS.
	return r.rule("RFC 9846 §5.1", "RFC 5246 §6.2.1")
}

// lengthRule is where a limit stands: that of an extension where it is narrower than the
// version's own, which ref is about.
func (r *Reader) lengthRule(ref string) string {
	narrower := plaintextLimit(r.limit) < MaxPlaintext
	if r.version == iana.TLS13 { // whose limit has one byte more, for the type
		narrower = innerLimit(r.limit) < MaxInner
	}
	switch {
	case !narrower:
	case r.limitBy == iana.ExtMaxFragmentLength:
		return "RFC 6066 §4"
	case r.limitBy == iana.ExtRecordSizeLimit:
		return "RFC 8449 §4"
	}
	return ref
}

// emptyRule is where it is said who may send records without content.
func (r *Reader) emptyRule(rec *Record, idle bool) string {
	switch {
	case r.version != iana.TLS13:
		return r.rule("RFC 9846 §5.1", "RFC 5246 §6.2.1")
	case idle:
		return "RFC 9846 §5"
	case rec.Protected:
		return "RFC 9846 §5.4"
	}
	return "RFC 9846 §5.1"
}

// maxEmpty is how many empty records may come in a row. Some senders of CBC put
// one before each record, to hide the IV of the next; without an end they are a
// way of keeping us busy with nothing. So is TLS 1.3's change_cipher_spec, which
// means nothing either.
const maxEmpty = 16

func (r *Reader) checkEmpty(rec *Record) error {
	idle := r.version == iana.TLS13 && rec.Type == iana.ChangeCipherSpec
	if len(rec.Payload) > 0 && !idle {
		r.empty = 0
		return nil
	}
	ref := r.emptyRule(rec, idle)
	if rec.Type != iana.ApplicationData && !idle {
		return &reason.Error{Reason: reason.EmptyRecordFlood, Ref: ref, Field: "record.plaintext", Off: HeaderLen,
			Want: reason.Say("at least 1 byte"), Got: reason.Say("an empty %v record", rec.Type)}
	}
	if r.empty++; r.empty > maxEmpty {
		return &reason.Error{Reason: reason.EmptyRecordFlood, Ref: ref, Field: "record.plaintext", Off: HeaderLen,
			Want: reason.Say("at most %d empty records in a row, which is our limit", maxEmpty), Got: r.empty}
	}
	return nil
}

// overflow says that a fragment is longer than the version or an extension allows: ref says
// which. The offset is where a record tells its length.
func overflow(ref, field string, limit, got int) error {
	return &reason.Error{Reason: reason.RecordOverflow, Ref: ref, Field: field, Off: 3,
		Want: reason.Say("at most %d bytes", limit), Got: got}
}

func length(header []byte) int           { return int(header[3])<<8 | int(header[4]) }
func version(header []byte) iana.Version { return iana.Version(header[1])<<8 | iana.Version(header[2]) }
