package render

import (
	"bytes"
	"crypto"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
)

// How a step of TLS 1.3's key schedule is written (RFC 9846 §7.1): each is made of the
// one before, so a value that was shown is called by its label, and not shown again.

// scheduled reports whether a value is a step of the key schedule.
func scheduled(s *event.Secret) bool {
	return s.Function == event.FunctionExtract || s.Function == event.FunctionExpandLabel || s.Function == event.FunctionHMAC
}

// scheduleInputs are the inputs of a step that are listed, those that have a label
// under it. At level Default these are the inputs that were not shown before, and the
// hash of the transcript or the HkdfLabel that has it. A worksheet, whose reader computes
// the step, and level Bytes list all.
func (t *Pen) scheduleInputs(s *event.Secret) []event.Input {
	whole := t.o.Level == Bytes || t.o.Worksheet || t.Takes()
	hashed := slices.ContainsFunc(s.Inputs, func(v event.Input) bool { return v.Name == "transcript_hash" })
	var in []event.Input
	for _, v := range s.Inputs {
		old := t.flow.label[string(v.Bytes)] != "" || len(v.Bytes) == 0 || !v.Private && t.flow.shown[string(v.Bytes)] && !t.stale(v)
		if hashed && (v.Name == "hkdf_label" || s.Function == event.FunctionHMAC && v.Name == "transcript_hash") {
			old = false
		}
		nothing := s.Function == event.FunctionExtract && zeros(v) || ofNothing(s, v) // the formula says so
		if (old || nothing) && !whole {
			continue
		}
		v.Name = t.source(s, v)
		in = append(in, v)
	}
	return in
}

// stale reports whether v is the hash of a transcript which another one has been shown
// since: a reader would take that for it.
func (t *Pen) stale(v event.Input) bool {
	return v.Name == "transcript_hash" && t.flow.last[v.Name] != string(v.Bytes)
}

// source is what an input of a step is called: the label under which it was computed,
// or else the name that it has in the step.
func (t *Pen) source(s *event.Secret, v event.Input) string {
	if label := t.flow.label[string(v.Bytes)]; label != "" {
		return label
	}
	if ofNothing(s, v) {
		return `Hash("")`
	}
	return v.Name
}

// zeros reports whether v is the string of zeros that stands for what is not there.
func zeros(v event.Input) bool { return len(bytes.Trim(v.Bytes, "\x00")) == 0 }

// ofNothing reports whether v is the hash of no messages, as the derivation between two
// stages takes it (RFC 9846 §7.1).
func ofNothing(s *event.Secret, v event.Input) bool {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		if v.Name == "transcript_hash" && h.String() == s.Hash {
			return bytes.Equal(v.Bytes, h.New().Sum(nil))
		}
	}
	return false
}

// scheduleFormula is the step in the RFC's notation. The HkdfLabel is not an argument
// there: it is made of three of them.
func (t *Pen) scheduleFormula(s *event.Secret) string {
	var args []string
	for _, v := range s.Inputs {
		switch name := t.source(s, v); {
		case v.Name == "hkdf_label":
		case len(v.Bytes) == 0:
			args = append(args, `""`)
		case s.Function == event.FunctionExtract && zeros(v):
			args = append(args, v.Name+" = 0") // as the RFC writes it: as many zeros as the hash has bytes
		case s.Function == event.FunctionExtract && name != v.Name:
			args = append(args, v.Name+" = "+name)
		default:
			args = append(args, name)
		}
	}
	if s.Function != event.FunctionExpandLabel {
		return fmt.Sprintf("%s_%s(%s)", s.Method, s.Hash, strings.Join(args, ", "))
	}
	if len(args) == 0 {
		return s.Method
	}
	args = append(append([]string{args[0], fmt.Sprintf("%q", s.Tag)}, args[1:]...), fmt.Sprint(len(s.Value)))
	return fmt.Sprintf("%s(%s)", s.Method, strings.Join(args, ", "))
}

// hkdfLabel takes an HkdfLabel apart (RFC 9846 §7.1): the length that is wanted, label
// and context, each of the two behind its own length. ok is false for anything else.
func hkdfLabel(v event.Input) (parts string, ok bool) {
	b := v.Bytes
	if v.Name != "hkdf_label" || len(b) < 3 {
		return "", false
	}
	label := b[3:]
	if len(label) < int(b[2])+1 {
		return "", false
	}
	label, context := label[:b[2]], label[b[2]:]
	if len(context) != 1+int(context[0]) {
		return "", false
	}
	const few = 8
	parts = fmt.Sprintf("%x %02x %q %02x", b[:2], b[2], label, context[0])
	switch context = context[1:]; {
	case len(context) > few:
		parts += fmt.Sprintf(" %x…", context[:few])
	case len(context) > 0:
		parts += fmt.Sprintf(" %x", context)
	}
	return parts, true
}

// signed13 takes apart what a CertificateVerify of TLS 1.3 signs (RFC 9846 §4.5.2): 64
// spaces, a string, a zero byte, and the hash of the handshake so far. ok is false for
// what is something else.
func signed13(v event.Input) (parts string, ok bool) {
	const spaces, few = 64, 4
	rest, padded := bytes.CutPrefix(v.Bytes, bytes.Repeat([]byte{' '}, spaces))
	context, hash, ended := bytes.Cut(rest, []byte{0})
	if v.Name != "signed" || !padded || !ended || len(hash) < few {
		return "", false
	}
	return fmt.Sprintf("%d × 20, %q 00 %x…", spaces, context, hash[:few]), true
}
