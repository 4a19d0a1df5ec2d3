package der

import (
	"math/big"
	"strconv"
	"strings"
)

// OID is the content of an OBJECT IDENTIFIER.
type OID string

// maxOID is how long an identifier may be to be written in arcs: RFC 5280 §B asks a reader to take
// 100 bytes.
const maxOID = 100

// String is name and number, "id-ce-subjectAltName (2.5.29.17)"; the number alone of one that has
// no name here.
func (o OID) String() string {
	dotted := o.Dotted()
	if name := o.Name(); name != "" {
		return name + " (" + dotted + ")"
	}
	return dotted
}

// Name is the name that the RFC gives it which defines it; "" if we do not know it.
func (o OID) Name() string { return names[o.Dotted()] }

// Dotted is its arcs: "2.5.29.17". Content of more than 100 bytes, and what is no identifier, is
// shown in hexadecimal.
func (o OID) Dotted() string {
	if len(o) == 0 || len(o) > maxOID || o[len(o)-1] >= 0x80 {
		const digits = "0123456789abcdef"
		var hex strings.Builder
		for i := range min(len(o), maxOID) {
			hex.WriteByte(digits[o[i]>>4])
			hex.WriteByte(digits[o[i]&15])
		}
		if len(o) > maxOID {
			hex.WriteString("…")
		}
		return hex.String()
	}
	var out strings.Builder
	for i := 0; i < len(o); {
		arc := new(big.Int)
		for more := true; more; i++ {
			arc.Lsh(arc, 7).Or(arc, big.NewInt(int64(o[i]&0x7f)))
			more = o[i] >= 0x80
		}
		if out.Len() == 0 { // the first two arcs in one (X.690 §8.19.4)
			first := min(int64(2), new(big.Int).Div(arc, big.NewInt(40)).Int64())
			if arc.BitLen() > 32 {
				first = 2
			}
			out.WriteString(strconv.FormatInt(first, 10))
			arc.Sub(arc, big.NewInt(40*first))
		}
		out.WriteByte('.')
		out.WriteString(arc.String())
	}
	return out.String()
}
