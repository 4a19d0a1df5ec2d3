package render

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"time"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
)

// text says any value of an event in a few words or digits, in one line that holds nothing
// but what can be seen: a string is a peer's until somebody says otherwise. Nothing is elided.
func text(v any) string {
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
			parts[i] = text(r.Index(i).Interface())
		}
		return strings.Join(parts, ", ")
	} else if r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8 {
		return fmt.Sprintf("%x", v)
	}
	return foreign.Line(fmt.Sprint(v))
}

// bytesOf is the bytes of a slice or of an array.
func bytesOf(v any) (b []byte, ok bool) {
	if b, ok := v.([]byte); ok {
		return b, true
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8 {
		b, err := hex.DecodeString(text(v))
		return b, err == nil
	}
	return nil, false
}

// spaced is a hex dump's way of writing bytes: "17 03 03".
func spaced(b []byte) string { return fmt.Sprintf("% x", b) }

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

// title is the RFC's name of a message.
func title(k message.Kind) string { return camel(k.String()) }

// subject is what a certificate is called in conversation, in both forms if it is a name
// beyond ASCII.
func subject(c *x509.Certificate) string { return idn.BothForms(commonName(c)) }

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

// firstLine is the first line of application data, as a person reads it.
func firstLine(b []byte) string { return foreign.Quote(oneLine(b)) }

// beginning is the first line of application data, cut to n columns. No more of it is
// quoted than that takes: a record may be one line of 16 KiB.
func beginning(b []byte, n int) string {
	line := oneLine(b)
	for k := 2*max(n, 0) + 16; k < len(line); k *= 2 {
		if part := foreign.Quote(line[:boundary(line, k)]); width(part) > n {
			return cut(part, n)
		}
	}
	return cut(foreign.Quote(line), n)
}

func oneLine(b []byte) []byte {
	l, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimRight(l, "\r")
}
