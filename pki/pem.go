package pki

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"

	"tlslab/handshake/foreign"
)

// PEMBlock is one block of a PEM text (RFC 7468).
type PEMBlock struct {
	Type    string            // the label between BEGIN and the dashes, "CERTIFICATE"
	Headers map[string]string // of RFC 1421, as in an encrypted key of OpenSSL's old form; nil if none
	Bytes   []byte            // what the base64 says
	Line    int               // of its BEGIN line; the first line of the text is 1
}

// PEMFault is what is wrong with a PEM text. It is a stable key, for narrate and tests.
type PEMFault string

// What can be wrong with a PEM text.
const (
	PEMTruncated  PEMFault = "truncated"   // the text ends, or another block begins, before the END line
	PEMJunk       PEMFault = "junk"        // a character inside a block that is not base64
	PEMBadBase64  PEMFault = "bad_base64"  // characters are missing, or some stand behind the padding
	PEMEmpty      PEMFault = "empty"       // nothing between BEGIN and END
	PEMBadMarker  PEMFault = "bad_marker"  // a line that begins as BEGIN or END does and goes on otherwise
	PEMWrongLabel PEMFault = "wrong_label" // END names another label than BEGIN
	PEMStrayEnd   PEMFault = "stray_end"   // an END line with no BEGIN before it
	PEMUTF16      PEMFault = "utf16"       // the text is UTF-16 or UTF-32
	PEMNothing    PEMFault = "nothing"     // no block of the kind that is wanted
	PEMBlank      PEMFault = "blank"       // nothing at all
	PEMOtherForm  PEMFault = "other_form"  // certificates in a form that is not read here (trusted ones)
	PEMEncrypted  PEMFault = "encrypted"   // the key needs a passphrase
)

// PEMFaults lists them all.
func PEMFaults() []PEMFault {
	return []PEMFault{PEMTruncated, PEMJunk, PEMBadBase64, PEMEmpty, PEMBadMarker, PEMWrongLabel, PEMStrayEnd, PEMUTF16, PEMNothing,
		PEMBlank, PEMOtherForm, PEMEncrypted}
}

// PEMError says what is wrong with a PEM text, and where.
type PEMError struct {
	Fault PEMFault
	File  string // "" if the text came from no file
	Line  int    // where it was noticed, from 1; 0 if it is about the whole text
	Begin int    // the line of the block's BEGIN; 0 outside a block
	Label string // the block's label, or that which was wanted; it is the file's own text
	Got   string // what stands there instead, short; it is the file's own text
}

// Error says file, line, what is wrong there, and what to do. What it repeats of the
// text is quoted.
func (e *PEMError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	block := fmt.Sprintf("the block %s that begins on line %d", inQuotes(e.Label), e.Begin)
	switch e.Fault {
	case PEMTruncated:
		fmt.Fprintf(&b, "%s has no END line: it was cut short; get the file again", block)
	case PEMJunk:
		fmt.Fprintf(&b, "%s holds %s, which is not base64; get the file again, or take that out", block, e.Quoted())
	case PEMBadBase64:
		fmt.Fprintf(&b, "%s has base64 that does not come out even: characters were lost or added; get the file again", block)
	case PEMEmpty:
		fmt.Fprintf(&b, "%s holds nothing; get the file again", block)
	case PEMBadMarker:
		fmt.Fprintf(&b, "%s is neither a BEGIN nor an END line; each stands on a line of its own, as -----BEGIN CERTIFICATE-----", e.Quoted())
	case PEMWrongLabel:
		fmt.Fprintf(&b, "%s ends as %s; END must name what BEGIN names", block, e.Quoted())
	case PEMStrayEnd:
		fmt.Fprintf(&b, "%s without a BEGIN line before it: the beginning of a block was lost; get the file again", e.Quoted())
	case PEMUTF16:
		b.WriteString("the text is UTF-16 or UTF-32, and PEM is ASCII; convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW")
	case PEMNothing:
		fmt.Fprintf(&b, "no %s in it", strings.ToLower(e.Label))
		if e.Got != "" {
			b.WriteString(", only " + e.Quoted())
		}
		fmt.Fprintf(&b, "; there should be a line -----BEGIN %s-----", e.Label)
		if e.Label == labelCertificate {
			b.WriteString(", or DER")
		}
	case PEMBlank:
		b.WriteString("there is nothing in it; get the file again")
	case PEMOtherForm:
		fmt.Fprintf(&b, "a block %s holds certificates in a form that is not read here; convert it: %s", inQuotes(e.Label), Conversion(e.Label))
	case PEMEncrypted:
		b.WriteString("the key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN")
	}
	return b.String()
}

// Quoted is Got as it may be printed: whoever wrote the file wrote it.
func (e *PEMError) Quoted() string { return inQuotes(e.Got) }

func inQuotes(s string) string { return `"` + foreign.Quote(s) + `"` }

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
	// utf8Mark is the byte-order mark as UTF-8. Editors on Windows write it at the
	// beginning of a text, and joining texts brings it into the middle.
	utf8Mark = "\ufeff"
)

// ReadPEM reads every block of a PEM text, in its order. A byte-order mark is read
// over, and so is text between the blocks: headings of a bundle, what openssl -text
// writes, comments. But no block is passed over because something is wrong with it:
// a chain that is one certificate shorter than its file looks whole. The error is a
// *PEMError.
//
// Lines end with LF, CR LF or CR; white space at their ends does not count, nor do
// empty lines (RFC 7468 §2, §3, "laxtextualmsg").
func ReadPEM(text []byte) ([]PEMBlock, error) {
	if isUTF16(text) {
		return nil, &PEMError{Fault: PEMUTF16}
	}
	var blocks []PEMBlock
	r := pemReader{rest: text}
	for r.next() {
		fault := PEMFault("")
		label, ok := marker(r.line, pemBegin)
		switch {
		case ok:
			block, err := r.block(label)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, *block)
		case isMarker(r.line, pemEnd):
			fault = PEMStrayEnd
		case likeMarker(r.line):
			fault = PEMBadMarker
		}
		if fault != "" {
			return nil, &PEMError{Fault: fault, Line: r.n, Got: excerpt(r.line)}
		}
	}
	return blocks, nil
}

// pemReader goes through a text line by line.
type pemReader struct {
	rest []byte
	n    int    // number of line
	line string // without its end, white space around it, and a byte-order mark
	body []byte // of a block: the next one is as long, and a file of roots has a hundred
}

func (r *pemReader) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	line := r.rest
	if end := bytes.IndexAny(r.rest, "\r\n"); end >= 0 {
		skip := 1
		if bytes.HasPrefix(r.rest[end:], []byte("\r\n")) {
			skip = 2
		}
		line, r.rest = r.rest[:end], r.rest[end+skip:]
	} else {
		r.rest = nil
	}
	r.n++
	r.line = strings.Trim(strings.TrimPrefix(string(line), utf8Mark), " \t\v\f")
	return true
}

// block reads on from a BEGIN line to the END line that belongs to it.
func (r *pemReader) block(label string) (*PEMBlock, error) {
	b := &PEMBlock{Type: label, Line: r.n}
	fail := func(fault PEMFault, got string) (*PEMBlock, error) {
		return nil, &PEMError{Fault: fault, Line: r.n, Begin: b.Line, Label: excerpt(label), Got: excerpt(got)}
	}
	r.body = r.body[:0]
	var value []byte // of the header, which lines may continue
	header, padded := "", false
	endHeader := func() {
		if header != "" {
			b.Headers[header] = string(value)
		}
		header = ""
	}
	for r.next() {
		if end, ok := marker(r.line, pemEnd); ok {
			if end != label {
				return fail(PEMWrongLabel, r.line)
			}
			if len(r.body) == 0 {
				return fail(PEMEmpty, "")
			}
			b.Bytes = make([]byte, base64.StdEncoding.DecodedLen(len(r.body)))
			n, err := base64.StdEncoding.Decode(b.Bytes, r.body)
			if err != nil {
				return fail(PEMBadBase64, "")
			}
			b.Bytes = b.Bytes[:n]
			return b, nil
		}
		switch {
		case isMarker(r.line, pemBegin), len(r.rest) == 0 && r.line != "" && strings.HasPrefix(pemEnd+label+pemDash, r.line):
			return fail(PEMTruncated, r.line)
		case likeMarker(r.line):
			return fail(PEMBadMarker, r.line)
		case len(r.body) == 0 && strings.Contains(r.line, ":"):
			endHeader()
			name, begun, _ := strings.Cut(r.line, ":")
			if b.Headers == nil {
				b.Headers = map[string]string{}
			}
			header = strings.TrimSpace(name)
			value = append(value[:0], strings.TrimSpace(begun)...)
			continue
		case header != "" && r.line != "" && bytes.HasSuffix(value, []byte(",")): // RFC 1421 §4.6 folds a long one
			value = append(value, r.line...)
			continue
		}
		endHeader()
		for i, c := range []byte(r.line) {
			switch {
			case c == ' ' || c == '\t':
				continue
			case c == '=':
				padded = true
			case !isBase64(c):
				return fail(PEMJunk, r.line[i:])
			case padded:
				return fail(PEMBadBase64, "")
			}
			r.body = append(r.body, c)
		}
	}
	return fail(PEMTruncated, "")
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

// marker returns the label of a line that is a BEGIN or an END line and nothing else.
func marker(line, kind string) (label string, ok bool) {
	label, ok = strings.CutPrefix(line, kind)
	if !ok {
		return "", false
	}
	label, ok = strings.CutSuffix(label, pemDash)
	return label, ok && label != "" && !strings.Contains(label, pemDash) && strings.TrimSpace(label) == label && !strings.HasPrefix(label, "-")
}

func isMarker(line, kind string) bool {
	_, ok := marker(line, kind)
	return ok
}

// likeMarker reports whether a line that is no marker must have been meant as one: it
// begins with dashes, perhaps those that a word processor makes of hyphens, and BEGIN or
// END. A comment ("# -----BEGIN …") does not.
func likeMarker(line string) bool {
	dashes := 0
	word := strings.TrimLeftFunc(line, func(c rune) bool {
		if unicode.Is(unicode.Dash, c) {
			dashes++
			return true
		}
		return c == ' '
	})
	if dashes == 0 {
		return false
	}
	word = word[:min(len(word), len("BEGIN "))]
	if dashes > 1 { // after one dash it may be a list in prose: - End of the chain
		word = strings.ToUpper(word)
	}
	return !isMarker(line, pemBegin) && !isMarker(line, pemEnd) && (word == "BEGIN " || strings.HasPrefix(word, "END "))
}

// excerpt keeps an error short, whatever the file holds.
func excerpt(line string) string {
	const most = 48
	if len(line) <= most {
		return line
	}
	return line[:most] + "…"
}

// isUTF16 knows the marks of UTF-16 and UTF-32, and such a text without a mark by the
// zeros between the dashes of its first block.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) ||
		bytes.HasPrefix(text, []byte{0, 0, 0xfe, 0xff}) ||
		bytes.Contains(text, []byte("-\x00-\x00-\x00-\x00-\x00B\x00E\x00G")) ||
		bytes.Contains(text, []byte("-\x00\x00\x00-\x00\x00\x00-\x00\x00\x00B\x00\x00\x00E"))
}
