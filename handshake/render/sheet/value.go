package sheet

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
)

// Concatenated joins the names of values that stand one behind the other. RFC 5246 writes a
// plus, which beside points and numbers would mean a sum.
const Concatenated = " ‖ "

// Halves are the two inputs that make the value, one behind the other, if any do.
func Halves(s *event.Secret) (a, b event.Input, ok bool) {
	for i, a := range s.Inputs {
		rest, ok := bytes.CutPrefix(s.Value, a.Bytes)
		if !ok || len(rest) == 0 || len(a.Bytes) == 0 {
			continue
		}
		for _, b := range s.Inputs[i+1:] {
			if bytes.Equal(rest, b.Bytes) {
				return a, b, true
			}
		}
	}
	return event.Input{}, event.Input{}, false
}

// Start is the beginning of a value, enough to know it again.
func Start(b []byte) string {
	if len(b) <= 4 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x..", b[:4])
}

// Text says any value of an event in a few words or digits, in one line that holds nothing
// but what can be seen: a string is a peer's until somebody says otherwise. Nothing is elided.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return foreign.Quote(v)
	case []byte:
		return hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999999 UTC")
	case *x509.Certificate:
		return commonName(v)
	case iana.Group:
		return v.Called()
	case error:
		return foreign.Line(v.Error())
	case fmt.Stringer:
		return foreign.Line(v.String())
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice {
		parts := make([]string, r.Len())
		for i := range parts {
			parts[i] = Text(r.Index(i).Interface())
		}
		return strings.Join(parts, ", ")
	} else if r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8 {
		return fmt.Sprintf("%x", v)
	}
	return foreign.Line(fmt.Sprint(v))
}

// BytesOf is the bytes of a slice or of an array.
func BytesOf(v any) (b []byte, ok bool) {
	if b, ok := v.([]byte); ok {
		return b, true
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8 {
		b, err := hex.DecodeString(Text(v))
		return b, err == nil
	}
	return nil, false
}

// Spaced is a hex dump's way of writing bytes: "17 03 03".
func Spaced(b []byte) string { return fmt.Sprintf("% x", b) }

// camel turns "client_hello" into the RFC's ClientHello.
func camel(snake string) string {
	var b strings.Builder
	for _, part := range strings.Split(snake, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// Title is the RFC's name of a message.
func Title(k message.Kind) string { return camel(k.String()) }

// Subject is what a certificate is called in conversation, in both forms if it is a name
// beyond ASCII.
func Subject(c *x509.Certificate) string { return idn.BothForms(commonName(c)) }

// commonName is the common name, or what stands in for one.
func commonName(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return foreign.Quote(c.Subject.CommonName)
	}
	if len(c.DNSNames) > 0 {
		return foreign.Quote(c.DNSNames[0])
	}
	return foreign.Quote(c.Subject.String())
}

// FirstLine is the first line of application data, as a person reads it.
func FirstLine(b []byte) string { return foreign.Quote(oneLine(b)) }

// Beginning is the first line of application data, cut to n columns. No more of it is
// quoted than that takes: a record may be one line of 16 KiB.
func Beginning(b []byte, n int) string {
	line := oneLine(b)
	for k := 2*max(n, 0) + 16; k < len(line); k *= 2 {
		if part := foreign.Quote(line[:boundary(line, k)]); Width(part) > n {
			return Cut(part, n)
		}
	}
	return Cut(foreign.Quote(line), n)
}

func oneLine(b []byte) []byte {
	l, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimRight(l, "\r")
}
