package transcript

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/http2"
	"tlslab/handshake/iana"
	"tlslab/pki"
)

// Value is a value of a field, a decision, an input of a check or a scene. What it is depends
// on what it is a value of: text, a number, a Code, true or false, bytes (text in
// hexadecimal), a list, or an object with members in an order. The zero Value is none of
// them. Each of the methods answers for any Value.
type Value struct {
	v any // nil, bool, string, json.Number, Code, []Value, []Named
}

// Code is a number from one of IANA's registries.
type Code struct {
	Hex   string `json:"hex"`  // "0x0303"
	Name  string `json:"name"` // "TLS 1.2"
	Value uint64 `json:"value"`
}

// Hex is bytes, in JSON a string of hexadecimal digits.
type Hex []byte

// MarshalText writes two lower-case digits a byte.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText reads them.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(make(Hex, 0, len(text)/2), text)
	return err
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.v == nil }

// String is the text, the Code's name, or the digits of a number; else the JSON.
func (v Value) String() string {
	switch x := v.v.(type) {
	case nil:
		return ""
	case string:
		return x
	case Code:
		return x.Name
	}
	b, _ := v.MarshalJSON()
	return string(b)
}

// Code returns the number from a registry that v is.
func (v Value) Code() (c Code, ok bool) {
	c, ok = v.v.(Code)
	return c, ok
}

// Int returns the whole number that v is, or a Code's.
func (v Value) Int() (n int64, ok bool) {
	switch x := v.v.(type) {
	case Code:
		return int64(x.Value), x.Value < 1<<63
	case json.Number:
		n, err := x.Int64()
		return n, err == nil
	}
	return 0, false
}

// True reports whether v is true.
func (v Value) True() bool { return v.v == true }

// Bytes returns the bytes that v is, in hexadecimal.
func (v Value) Bytes() (b []byte, ok bool) {
	s, ok := v.v.(string)
	if !ok {
		return nil, false
	}
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// List returns the elements of a list.
func (v Value) List() []Value {
	list, _ := v.v.([]Value)
	return list
}

// Members returns the members of an object, in their order.
func (v Value) Members() []Named {
	members, _ := v.v.([]Named)
	return members
}

// Get returns an object's member of that name; the zero Value if it has none.
func (v Value) Get(name string) Value {
	for _, m := range v.Members() {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{}
}

// ValueOf converts a value of an event.
func ValueOf(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case []byte:
		return Value{hex.EncodeToString(v)}
	case string:
		return Value{Text(v)}
	case bool:
		return Value{v}
	case []string:
		if v == nil {
			return Value{[]Value(nil)} // null, which a list of anything else is not
		}
	case time.Time:
		return Value{v.Format(time.RFC3339Nano)}
	case *pki.Report:
		return spelled(reportOf(v))
	case time.Duration:
		return Value{v.String()}
	case event.Valued:
		return object(v.Values())
	case error:
		return spelled(FaultOf(v))
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanUint() && r.Type().PkgPath() == ianaPath:
		return Value{Code{fmt.Sprintf("0x%0*x", 2*int(r.Type().Size()), r.Uint()), nameOf(v), r.Uint()}}
	case r.CanUint():
		return Value{json.Number(strconv.FormatUint(r.Uint(), 10))}
	case r.CanInt():
		return Value{json.Number(strconv.FormatInt(r.Int(), 10))}
	case r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8:
		return Value{fmt.Sprintf("%x", v)}
	case r.Kind() == reflect.Slice:
		list := make([]Value, r.Len())
		for i := range list {
			list[i] = ValueOf(r.Index(i).Interface())
		}
		return Value{list}
	}
	return Value{nameOf(v)}
}

var ianaPath = reflect.TypeFor[iana.Version]().PkgPath()

// object is what a value with parts is.
func object(parts []event.Value) Value {
	members := make([]Named, len(parts))
	for i, p := range parts {
		members[i] = Named{p.Name, ValueOf(p.Value)}
	}
	return Value{members}
}

// spelled is one of our types as the object that it is in JSON.
func spelled(v any) (out Value) {
	b, err := plainJSON(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(err) // these types have a form
	}
	return out
}

// nameOf is what else there is in a few words.
func nameOf(v any) string {
	switch v := v.(type) {
	case *x509.Certificate:
		return commonName(v)
	case iana.Group: // by our own name, where the number is for private use
		return v.Called()
	}
	return foreign.Line(fmt.Sprint(v))
}

// commonName is what a certificate is called: its common name, or what stands in for one.
func commonName(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if name == "" && len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	if name == "" {
		name = c.Subject.String()
	}
	return foreign.Quote(name)
}

// Text is text that was said; HTTP/2, which is binary, a line a frame.
func Text(s string) string { return strings.ToValidUTF8(http2.Conversation(s), "\ufffd") }

// MarshalJSON writes v.
func (v Value) MarshalJSON() ([]byte, error) {
	switch x := v.v.(type) {
	case []Value:
		if x == nil {
			return plainJSON(nil)
		}
		return join('[', ']', len(x), func(b []byte, i int) ([]byte, error) {
			elem, err := x[i].MarshalJSON()
			return append(b, elem...), err
		})
	case []Named:
		return join('{', '}', len(x), func(b []byte, i int) ([]byte, error) {
			name, err := plainJSON(x[i].Name)
			if err != nil {
				return nil, err
			}
			value, err := x[i].Value.MarshalJSON()
			return append(append(append(b, name...), ':'), value...), err
		})
	}
	return plainJSON(v.v)
}

// join writes n elements between two brackets.
func join(open, end byte, n int, elem func(b []byte, i int) ([]byte, error)) ([]byte, error) {
	b := []byte{open}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = elem(b, i); err != nil {
			return nil, err
		}
	}
	return append(b, end), nil
}

// plainJSON is v with < and & as they are: a transcript is no page.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// maxDepth is how deep a value may be nested: a report stands eight deep.
const maxDepth = 32

// UnmarshalJSON reads any value of JSON that is nested no deeper than 32 levels.
func (v *Value) UnmarshalJSON(b []byte) (err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	*v, err = readValue(dec, 0)
	return err
}

func readValue(dec *json.Decoder, depth int) (Value, error) {
	t, err := dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	d, compound := t.(json.Delim)
	if err != nil || !compound {
		return Value{t}, err
	}
	if depth == maxDepth {
		return Value{}, errDeep
	}
	list, members := []Value{}, []Named{}
	for dec.More() {
		name := ""
		if d == '{' {
			key, err := dec.Token()
			if err != nil {
				return Value{}, err
			}
			name, _ = key.(string)
		}
		x, err := readValue(dec, depth+1)
		if err != nil {
			return Value{}, err
		}
		if d == '{' {
			members = append(members, Named{name, x})
		} else {
			list = append(list, x)
		}
	}
	if _, err := dec.Token(); err != nil {
		return Value{}, err
	}
	if d == '[' {
		return Value{list}, nil
	}
	if c, ok := codeOf(members); ok {
		return Value{c}, nil
	}
	return Value{members}, nil
}

var errDeep = errors.New("a value is nested deeper than any of ours")

// codeOf is the Code that an object with just its members is.
func codeOf(m []Named) (c Code, ok bool) {
	if len(m) != 3 || m[0].Name != "hex" || m[1].Name != "name" || m[2].Name != "value" {
		return c, false
	}
	digits, ok1 := m[0].Value.v.(string)
	name, ok2 := m[1].Value.v.(string)
	number, ok3 := m[2].Value.v.(json.Number)
	n, err := strconv.ParseUint(string(number), 10, 64)
	return Code{digits, name, n}, ok1 && ok2 && ok3 && err == nil
}
