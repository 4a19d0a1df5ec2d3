package handshake

import (
	"strings"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// fault is an error about a field of a message: the rule that was broken, and where in the
// message the field stands.
func (e *Endpoint) fault(r reason.Reason, ref string, m wire.Struct, field string, want, got any) *reason.Error {
	return &reason.Error{Reason: r, Ref: ref, Field: field, Off: e.offset(m, field), Want: want, Got: got}
}

// offset finds where a field of a message stands, for an error; -1 if nowhere.
func (e *Endpoint) offset(m wire.Struct, field string) int {
	var fields []wire.Field
	if _, err := wire.Append(nil, m, &fields); err == nil {
		for _, f := range fields {
			if f.Name == field || strings.HasPrefix(f.Name, field+".") {
				return f.Off
			}
		}
	}
	return -1
}
