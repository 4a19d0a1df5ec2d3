package record

import (
	"math"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// Writer turns data into records. Its zero value is where a connection begins:
// no protection, no compression, version 0x0301.
type Writer struct {
	protection suite.Protection // nil: none
	compressor Compressor       // nil: none
	seq        uint64
	budget     uint64 // records before Spent; 0: no end
	epoch      int
	limit      int          // 0: the version's own
	fragment   int          // 0: as much as fits
	version    iana.Version // 0: TLS 1.0
}

// SetVersion sets the version of the records to come. TLS 1.3's say 0x0303 in their
// headers (RFC 9846 §5.1).
func (w *Writer) SetVersion(v iana.Version) { w.version = v }

// Version is the version in the headers of the records to come. Before SetVersion
// it is TLS 1.0, as servers that know only that expect it of a ClientHello
// (RFC 5246 §E.1).
func (w *Writer) Version() iana.Version {
	switch w.version {
	case 0:
		return iana.TLS10
	case iana.TLS13:
		return iana.TLS12
	}
	return w.version
}

// SetLimit sets the most plaintext bytes in a record, as negotiated by
// max_fragment_length (RFC 6066 §4) or record_size_limit (RFC 8449 §4). Out of
// 1…MaxPlaintext it means MaxPlaintext.
//
// In TLS 1.3 the same number bounds the inner plaintext of a protected record, so
// that type and padding are taken off here, not by the caller: of n bytes n-1 are
// content, and Options.Padding gets what content leaves. Out of 2…MaxInner it means
// MaxInner. Records in clear are not subject to it.
func (w *Writer) SetLimit(n int) {
	w.limit = n
	w.limitInner()
}

// SetFragment sets the most bytes of content that the caller wants in a record, protected or not,
// whatever SetLimit allows; 0 is as many as that allows.
func (w *Writer) SetFragment(n int) { w.fragment = n }

// limitInner tells the protection where padding has to end.
func (w *Writer) limitInner() {
	if p, ok := w.protection.(suite.Protection13); ok {
		p.LimitInner(innerLimit(w.limit))
	}
}

// Change begins an epoch: what comes next is compressed by c and protected by p,
// and sequence numbers begin at 0 again. A nil c or p does nothing to a record.
func (w *Writer) Change(p suite.Protection, c Compressor) {
	w.protection, w.compressor = p, c
	w.seq, w.epoch, w.budget = 0, w.epoch+1, 0
	if p, ok := p.(suite.Protection13); ok {
		w.budget = p.MaxRecords()
	}
	w.limitInner()
}

// Spent reports whether this epoch's keys have protected as many records as they
// should (suite.Cipher.MaxRecords): time for a KeyUpdate. Append goes on regardless.
func (w *Writer) Spent() bool { return w.budget > 0 && w.seq >= w.budget }

// Epoch counts the changes of keys so far.
func (w *Writer) Epoch() int { return w.epoch }

// Append appends data to dst as records of type typ: as many as it needs, and one
// empty record if there is none. (Only application_data may be empty, RFC 5246
// §6.2.1; that is left to the caller.) note, if not nil, is told of each record.
// data must not overlap the free space behind dst.
//
// In TLS 1.3 change_cipher_spec is never protected, and is not counted: it is there
// for the eyes of middleboxes (RFC 9846 §5, §E.4).
//
// Past 2^64-1 records in an epoch Append refuses with reason.SequenceExhausted,
// for a number used twice would be a nonce used twice. With an error dst holds the
// records before the one that failed.
func (w *Writer) Append(dst []byte, typ iana.ContentType, data []byte, note func(Record)) ([]byte, error) {
	limit := w.fragmentLimit(typ)
	for {
		n := min(len(data), limit)
		var err error
		if dst, err = w.one(dst, typ, data[:n], note); err != nil {
			return dst, err
		}
		if data = data[n:]; len(data) == 0 {
			return dst, nil
		}
	}
}

// one appends one record.
func (w *Writer) one(dst []byte, typ iana.ContentType, plaintext []byte, note func(Record)) ([]byte, error) {
	if w.seq == math.MaxUint64 {
		return dst, exhausted(w.sequenceRule())
	}
	start, version, protected := len(dst), w.Version(), w.protects(typ)
	var tr *suite.Trace
	var payload []byte // the note's own
	if note != nil && (w.protection != nil || w.compressor != nil) {
		tr, payload = new(suite.Trace), slices.Clone(plaintext)
		tr.AddOwn(suite.StepPlaintext, payload)
	}
	fragment := plaintext
	if w.compressor != nil {
		var err error
		if fragment, err = w.compressor.Compress(nil, plaintext); err != nil {
			return dst, err
		}
		if tr != nil {
			tr.Add(suite.StepCompressed, fragment)
		}
	}
	if !protected {
		dst = append(dst, byte(typ), byte(version>>8), byte(version), byte(len(fragment)>>8), byte(len(fragment)))
		dst = append(dst, fragment...)
	} else {
		sealed, err := w.protection.Seal(dst, w.seq, typ, version, fragment, tr)
		if err != nil {
			return dst, err
		}
		dst = sealed
	}
	if note != nil {
		wire := slices.Clone(dst[start:])
		rec := Record{Type: typ, Version: version, Epoch: w.epoch, Seq: w.seq, Protected: protected, Payload: payload, Wire: wire}
		if tr != nil {
			tr.AddOwn(suite.StepHeader, wire[:HeaderLen])
			rec.Steps = tr.Steps
		} else { // in clear: it is on the wire as it is
			rec.Payload = wire[HeaderLen:]
			rec.Steps = []suite.Step{{Name: suite.StepPlaintext, Bytes: rec.Payload}, {Name: suite.StepHeader, Bytes: wire[:HeaderLen:HeaderLen]}}
		}
		note(rec)
	}
	if protected || w.protection == nil {
		w.seq++
	}
	return dst, nil
}

// protects reports whether records of type typ are protected.
func (w *Writer) protects(typ iana.ContentType) bool {
	return w.protection != nil && (w.version != iana.TLS13 || typ != iana.ChangeCipherSpec)
}

// fragmentLimit is the most bytes that a record of type typ carries: what it may, or less if
// that is wanted.
func (w *Writer) fragmentLimit(typ iana.ContentType) int {
	if n := w.allowed(typ); w.fragment == 0 || n < w.fragment {
		return n
	}
	return w.fragment
}

// allowed is the most bytes that a record of type typ may carry.
func (w *Writer) allowed(typ iana.ContentType) int {
	switch {
	case w.version != iana.TLS13:
		return plaintextLimit(w.limit)
	case w.protects(typ):
		return innerLimit(w.limit) - 1
	}
	return MaxPlaintext
}

// exhausted is the error of an epoch that has used all its sequence numbers but
// the last, which stays unused so that seq itself never wraps (RFC 5246 §6.1).
func exhausted(ref string) error {
	return reason.New(reason.SequenceExhausted, ref, "record.sequence_number", reason.Say("a change of keys before 2^64-1 records"), nil)
}

// sequenceRule is where it stands that sequence numbers do not wrap.
func (w *Writer) sequenceRule() string {
	if w.version == iana.TLS13 {
		return "RFC 9846 §5.3"
	}
	return "RFC 5246 §6.1"
}

// innerLimit is n where n is a limit of TLS 1.3 that leaves room for content, else
// MaxInner.
func innerLimit(n int) int {
	if n < 2 || n > MaxInner {
		return MaxInner
	}
	return n
}

// plaintextLimit is n where n is a limit, else MaxPlaintext.
func plaintextLimit(n int) int {
	if n <= 0 || n > MaxPlaintext {
		return MaxPlaintext
	}
	return n
}
