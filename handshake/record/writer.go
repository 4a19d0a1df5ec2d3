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
	epoch      int
	limit      int          // 0: MaxPlaintext
	version    iana.Version // 0: TLS 1.0
}

// SetVersion sets the version in the headers of the records to come.
func (w *Writer) SetVersion(v iana.Version) { w.version = v }

// Version is the version in the headers of the records to come. Before SetVersion
// it is TLS 1.0, as servers that know only that expect it of a ClientHello
// (RFC 5246 §E.1).
func (w *Writer) Version() iana.Version {
	if w.version == 0 {
		return iana.TLS10
	}
	return w.version
}

// SetLimit sets the most plaintext bytes in a record, as negotiated by
// max_fragment_length (RFC 6066 §4). Out of 1…MaxPlaintext it means MaxPlaintext.
func (w *Writer) SetLimit(n int) { w.limit = n }

// Change begins an epoch: what comes next is compressed by c and protected by p,
// and sequence numbers begin at 0 again. A nil c or p does nothing to a record.
func (w *Writer) Change(p suite.Protection, c Compressor) {
	w.protection, w.compressor = p, c
	w.seq, w.epoch = 0, w.epoch+1
}

// Append appends data to dst as records of type typ: as many as it needs, and one
// empty record if there is none. (Only application_data may be empty, RFC 5246
// §6.2.1; that is left to the caller.) note, if not nil, is told of each record.
// data must not overlap the free space behind dst.
//
// Past 2^64-1 records in an epoch Append refuses with reason.SequenceExhausted,
// for a number used twice would be a nonce used twice. With an error dst holds the
// records before the one that failed.
func (w *Writer) Append(dst []byte, typ iana.ContentType, data []byte, note func(Record)) ([]byte, error) {
	limit := plaintextLimit(w.limit)
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
		return dst, exhausted()
	}
	var tr *suite.Trace
	if note != nil {
		tr = new(suite.Trace)
		tr.Add(suite.StepPlaintext, plaintext)
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
	start, version := len(dst), w.Version()
	if w.protection == nil {
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
		tr.Add(suite.StepHeader, wire[:HeaderLen])
		note(Record{Type: typ, Version: version, Epoch: w.epoch, Seq: w.seq, Protected: w.protection != nil,
			Payload: slices.Clone(plaintext), Wire: wire, Steps: tr.Steps})
	}
	w.seq++
	return dst, nil
}

// exhausted is the error of an epoch that has used all its sequence numbers but
// the last, which stays unused so that seq itself never wraps (RFC 5246 §6.1).
func exhausted() error {
	return reason.New(reason.SequenceExhausted, "record.sequence_number", "a change of keys before 2^64-1 records", nil)
}

// plaintextLimit is n where n is a limit, else MaxPlaintext.
func plaintextLimit(n int) int {
	if n <= 0 || n > MaxPlaintext {
		return MaxPlaintext
	}
	return n
}
