package render

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// How single values become JSON; what they are part of is in json.go.

func jsonInputs(in []kx.Value) []jsonValue {
	var out []jsonValue
	for _, v := range in {
		out = append(out, jsonValue{v.Name, hex.EncodeToString(v.Bytes), v.Private})
	}
	return out
}

func jsonReportOf(r *pki.Report) *jsonReport {
	if r == nil {
		return nil
	}
	j := &jsonReport{OK: r.OK, Chosen: r.Chosen, Paths: []jsonPath{}}
	for i := range r.Paths {
		p := jsonPath{Anchored: r.Paths[i].Anchored, Checks: []jsonCheck{}}
		for _, c := range r.Paths[i].Certs {
			p.Subjects, p.Prints = append(p.Subjects, c.Subject.String()), append(p.Prints, fingerprint(c))
		}
		if err := r.Paths[i].Err; err != nil {
			p.Error = jsonError(err)
		}
		for _, c := range r.Paths[i].Checks {
			k := jsonCheck{Key: string(c.Key), Cert: c.Cert, OK: c.OK, Ref: c.Ref}
			for _, in := range c.Inputs {
				k.Inputs = append(k.Inputs, jsonNamed{in.Name, jsonAny(in.Value())})
			}
			if c.Err != nil {
				k.Error = jsonError(c.Err)
			}
			p.Checks = append(p.Checks, k)
		}
		for _, s := range r.Paths[i].States() {
			k := jsonState{Cert: s.Cert}
			for _, in := range s.Inputs() {
				k.Inputs = append(k.Inputs, jsonNamed{in.Name, jsonAny(in.Value())})
			}
			p.States = append(p.States, k)
		}
		for _, n := range r.Paths[i].Notes {
			p.Notes = append(p.Notes, jsonNote{string(n.Key), n.Cert, n.Ref, jsonAny(n.Got)})
		}
		j.Paths = append(j.Paths, p)
	}
	for _, x := range r.Rejected {
		k := jsonRejection{Subject: x.Cert.Subject.String(), Print: fingerprint(x.Cert), Reason: string(x.Reason)}
		if x.For != nil {
			k.For = x.For.Subject.String()
		}
		j.Rejected = append(j.Rejected, k)
	}
	return j
}

// jsonError converts an error; one without a typed reason has the reason "internal".
func jsonError(err error) *jsonFault {
	if err == nil {
		return nil
	}
	j := &jsonFault{Reason: reason.Of(err).String(), Off: -1, Message: err.Error()}
	var re *reason.Error
	if errors.As(err, &re) {
		j.Ref, j.Field, j.Off, j.Want, j.Got = re.Ref, re.Field, re.Off, jsonAny(re.Want), jsonAny(re.Got)
	}
	if d, ok := reason.Alert(reason.Of(err)); ok {
		j.Alert = jsonAny(d)
	}
	return j
}

// jsonEnum is a number from a registry.
type jsonEnum struct {
	Hex   string `json:"hex"`
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}

var ianaPath = reflect.TypeFor[iana.Version]().PkgPath()

// jsonAny converts a value of a field, a decision, a scene or an input.
func jsonAny(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		return hex.EncodeToString(v)
	case string:
		return jsonText(v)
	case bool, []string, time.Time:
		return v
	case *pki.Report:
		return jsonReportOf(v)
	case time.Duration:
		return v.String()
	case event.Valued:
		return jsonObject(v)
	case error:
		return jsonError(v)
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanUint() && r.Type().PkgPath() == ianaPath:
		return jsonEnum{fmt.Sprintf("0x%0*x", 2*int(r.Type().Size()), r.Uint()), text(v), r.Uint()}
	case r.CanUint():
		return r.Uint()
	case r.CanInt():
		return r.Int()
	case r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8:
		return fmt.Sprintf("%x", v)
	case r.Kind() == reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = jsonAny(r.Index(i).Interface())
		}
		return list
	}
	return text(v)
}

// jsonText is text that was said; HTTP/2, which is binary, a line a frame.
func jsonText(s string) string { return strings.ToValidUTF8(conversation(s), "\ufffd") }

// jsonObject is a value with parts as an object, its members in the order of the parts.
type jsonMembers []jsonNamed

func jsonObject(v event.Valued) jsonMembers {
	out := jsonMembers{}
	for _, part := range v.Values() {
		out = append(out, jsonNamed{part.Name, jsonAny(part.Value)})
	}
	return out
}

// MarshalJSON writes the members.
func (m jsonMembers) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		for k, v := range []any{x.Name, x.Value} {
			if k == 1 {
				b.WriteByte(':')
			}
			if err := foreign.EncodeJSON(&b, v, ""); err != nil {
				return nil, err
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
