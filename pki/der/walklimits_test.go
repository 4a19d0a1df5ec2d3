package der

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/wire"
)

// walked is a walk of bytes that may be anything, of which each has a name.
func walked(t *testing.T, b []byte) []wire.Field {
	t.Helper()
	fields, err := WalkCertificate(b)
	if bad := wire.Covered(fields, len(b)); bad != nil {
		t.Fatal(bad)
	}
	if fault := Certificate(b); fault == nil && err != nil || fault != nil && err.Error() != fault.Error() {
		t.Fatalf("the walk says %v, the check %v", err, fault)
	}
	return fields
}

func find(fields []wire.Field, name string) (wire.Field, bool) {
	i := slices.IndexFunc(fields, func(f wire.Field) bool { return f.Name == name })
	if i < 0 {
		return wire.Field{}, false
	}
	return fields[i], true
}

// Where a structure stops making sense the rest of it is one leaf, and what stands around it is
// read on.
func TestWhatIsMalformed(t *testing.T) {
	const (
		tbs   = "certificate.tbs_certificate."
		value = tbs + "extensions.extension.extn_value."
	)
	wrap := func(x *node, c []byte) []byte { return slices.Concat([]byte{x.id}, length(len(c)), c) }
	for name, tc := range map[string]struct {
		target func(*node) *node
		by     func(*node) []byte
		field  string // which then holds this
		value  any    // nil: much
	}{
		"bytes after TBSCertificate's fields": {
			func(d *node) *node { return d.at(0) },
			func(x *node) []byte { return wrap(x, append(x.content(), 5, 0)) },
			"certificate.tbs_certificate.unread", []byte{5, 0},
		},
		"an extension that is not what its name says": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").kids[2] },
			func(x *node) []byte { return wrap(x, []byte{0x31, 0}) },
			value + "basic_constraints.unread", []byte{0x31, 0},
		},
		"an extension that is no element": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").kids[2] },
			func(x *node) []byte { return wrap(x, []byte{0x30, 0x80, 1}) },
			value + "basic_constraints.unread", []byte{0x30, 0x80, 1},
		},
		"an extension with more behind it": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").kids[2] },
			func(x *node) []byte { return wrap(x, append(x.content(), 0xde, 0xad)) },
			value + "basic_constraints.unread", []byte{0xde, 0xad},
		},
		"a field of another type within an extension": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").at(2, 0, 1) },
			func(*node) []byte { return []byte{tagUTF8String, 1, '3'} },
			value + "basic_constraints.unread", []byte{tagUTF8String, 1, '3'},
		},
		"a general name of no kind": {
			func(d *node) *node { return d.extension("\x55\x1d\x11").at(1, 0, 0) },
			func(*node) []byte { return []byte{0x8f, 0} },
			value + "subject_alt_name.unread", nil,
		},
		"a BOOLEAN of 01": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").kids[1] },
			func(*node) []byte { return []byte{tagBoolean, 1, 1} },
			tbs + "extensions.extension.critical", []byte{1},
		},
		"a date without seconds": {
			func(d *node) *node { return d.at(0, 4, 0) },
			func(x *node) []byte { return slices.Concat([]byte{x.id, 11}, x.bytes[:10], []byte("Z")) },
			tbs + "validity.not_before", "2611291602Z",
		},
		"an INTEGER with a zero before it": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").at(2, 0, 1) },
			func(*node) []byte { return []byte{tagInteger, 2, 0, 3} },
			value + "basic_constraints.path_len_constraint", []byte{0, 3},
		},
		"an address of five bytes": {
			func(d *node) *node { return d.extension("\x55\x1d\x11").at(1, 0, 1) },
			func(*node) []byte { return []byte{0x87, 5, 1, 2, 3, 4, 5} },
			value + "subject_alt_name.ip_address", []byte{1, 2, 3, 4, 5},
		},
		"an address with half a mask": {
			func(d *node) *node { return d.extension("\x55\x1d\x1e").at(2, 0, 1, 0, 0) },
			func(*node) []byte { return []byte{0x87, 8, 10, 0, 0, 0, 255, 0, 255, 0} },
			value + "name_constraints.excluded_subtrees.general_subtree.base.ip_address", "10.0.0.0/255.0.255.0",
		},
		"a key with unused bits": {
			func(d *node) *node { return d.at(0, 6, 1) },
			func(x *node) []byte { return []byte{x.id, 2, 4, 0xf0} },
			tbs + "subject_public_key_info.subject_public_key", []byte{0xf0},
		},
		"a point that is none": {
			func(d *node) *node { return d.at(0, 6) },
			func(*node) []byte {
				return []byte{0x30, 16, 0x30, 9, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 3, 3, 0, 7, 7}
			},
			tbs + "subject_public_key_info.subject_public_key.ec_point.unread", []byte{7, 7},
		},
	} {
		doc := read(t, rich(t))
		target := tc.target(doc)
		bad := splice(doc, target, tc.by(target))
		fields := walked(t, bad)
		f, ok := find(fields, tc.field)
		if !ok || tc.value != nil && fmt.Sprint(f.Value) != fmt.Sprint(tc.value) {
			t.Errorf("%s: %s is %v", name, tc.field, f.Value)
		}
		if _, ok := find(fields, "certificate.signature_value"); !ok {
			t.Errorf("%s: the walk does not go on", name)
		}
	}
	for _, b := range [][]byte{nil, {0}, {0x30}, {0x30, 0x80, 0, 0}, {0x31, 0}, []byte("-----BEGIN")} {
		if fields := walked(t, b); len(b) > 0 && fields[len(fields)-1].Name != "certificate.unread" {
			t.Errorf("%x is %v", b, fields)
		}
	}
}

// Without a limit 16 MB of elements without content would be eight million fields. What is cut is one
// leaf, and the memory stays what it is for a large document.
func TestTheWalkIsBounded(t *testing.T) {
	d := read(t, rich(t))
	for name, inner := range map[string][]byte{
		"NULLs":     bytes.Repeat([]byte{5, 0}, 8<<20-2048),
		"SEQUENCEs": bytes.Repeat([]byte{0x30, 0}, 1<<20),
		"sets in sets, each with 30 in it": func() []byte {
			b := bytes.Repeat([]byte{5, 0}, 30)
			for range 5000 {
				b = slices.Concat([]byte{0x30}, length(len(b)), b, []byte{5, 0})
			}
			return b
		}(),
		"arcs":    slices.Concat([]byte{6}, length(1<<20), bytes.Repeat([]byte{0x81}, 1<<20-1), []byte{1}),
		"strings": slices.Concat([]byte{12}, length(1<<20), bytes.Repeat([]byte{'a'}, 1<<20)),
	} {
		bad := splice(d, d.at(0, 2, 1), slices.Concat([]byte{0x30}, length(len(inner)), inner)) // the parameters of signature
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fields, err := WalkCertificate(bad)
		runtime.ReadMemStats(&after)
		if err != nil && !strings.Contains(err.Error(), "levels") {
			t.Errorf("%s: %v", name, err)
		}
		if bad := wire.Covered(fields, len(bad)); bad != nil {
			t.Errorf("%s: %v", name, bad)
		}
		if len(fields) > maxFields+2*maxGroups {
			t.Errorf("%s: %d fields", name, len(fields))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 { // an append that doubles counts thrice
			t.Errorf("%s: %d MB allocated", name, used>>20)
		}
		for _, f := range fields {
			if o, ok := f.Value.(OID); ok && len(o.String()) > 300 {
				t.Errorf("%s: an identifier of %d characters", name, len(o.String()))
			}
			if f.Depth > 2*maxGroups {
				t.Fatalf("%s: %s is %d deep", name, f.Name, f.Depth)
			}
		}
	}
}

func TestOIDs(t *testing.T) {
	for content, want := range map[string]string{
		"\x55\x1d\x11": "id-ce-subjectAltName (2.5.29.17)",
		"\x2a\x03":     "1.2.3",
		"\x00":         "0.0",
		"\x4f":         "1.39",
		"\x50":         "2.0",
		"\x88\x37\x03": "2.999.3", // X.690 §8.19.5
		"\x69\x83\xf0\x9d\xa7\xeb\xcf\xde\xe0\xc7\xa1\xa7\xb2\xc0\x94\x8c\xc8\xf9\xd7\x76": "2.25.329800735698586629295641978511506172918", // of the UUID in X.667 §6
		"":         "",
		"\x55\x9d": "559d",
	} {
		got := OID(content).String()
		if got != want {
			t.Errorf("%x is %s, want %s", content, got, want)
		}
	}
}
