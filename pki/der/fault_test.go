package der

import (
	"slices"
	"strings"
	"testing"
)

// Where the fault is, by name and by byte.
func TestByteAndField(t *testing.T) {
	for name, tc := range map[string]struct {
		target func(*node) *node
		by     func(*node) []byte
		field  string
		want   string // in the sentence
	}{
		"bytes after TBSCertificate's fields": {
			func(d *node) *node { return d.at(0) },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.content())+2), x.content(), []byte{5, 0})
			}, "tbs_certificate", "nothing after the last field",
		},
		"bytes after an extension's value": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").kids[2] },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.content())+2), x.content(), []byte{5, 0})
			}, "tbs_certificate.extensions[0].basic_constraints", "nothing after",
		},
		"bytes after the exponent": {
			func(d *node) *node { return d.at(0, 6, 1, 0) },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.content())+2), x.content(), []byte{5, 0})
			}, "tbs_certificate.subject_public_key_info.subject_public_key", "nothing after",
		},
		"no seconds": {
			func(d *node) *node { return d.at(0, 4, 0) },
			func(x *node) []byte { return slices.Concat([]byte{x.id, 11}, x.bytes[:10], []byte("Z")) },
			"tbs_certificate.validity.not_before.utc_time", "YYMMDDHHMMSSZ",
		},
		"the 31st of February": {
			func(d *node) *node { return d.at(0, 4, 1) },
			func(*node) []byte { return append([]byte{tagUTCTime, 13}, "300231000000Z"...) },
			"tbs_certificate.validity.not_after.utc_time", "YYMMDDHHMMSSZ",
		},
		"cA FALSE": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").at(2, 0, 0) },
			func(*node) []byte { return []byte{tagBoolean, 1, 0} },
			"tbs_certificate.extensions[0].basic_constraints.ca", "the default left out",
		},
		"version 1 written": {
			func(d *node) *node { return d.at(0, 0) },
			func(*node) []byte { return []byte{0xa0, 3, 2, 1, 0} },
			"tbs_certificate.version", "the default left out",
		},
		"a negative path length": {
			func(d *node) *node { return d.extension("\x55\x1d\x13").at(2, 0, 1) },
			func(*node) []byte { return []byte{2, 1, 0xff} },
			"tbs_certificate.extensions[0].basic_constraints.path_len_constraint", "INTEGER (0..MAX)",
		},
		"a set out of order": {
			func(d *node) *node { return d.at(0, 5, 2) },
			func(x *node) []byte {
				slices.Reverse(x.kids)
				return x.write()
			}, "tbs_certificate.subject[2]", "ascending order",
		},
		"no purpose in extKeyUsage": {
			func(d *node) *node { return d.extension("\x55\x1d\x25").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} },
			"tbs_certificate.extensions[2].ext_key_usage", "at least one entry",
		},
		"no name in subjectAltName": {
			func(d *node) *node { return d.extension("\x55\x1d\x11").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} },
			"subject_alt_name", "at least one entry",
		},
		"no extension": {
			func(d *node) *node { return d.at(0, 7, 0) },
			func(*node) []byte { return []byte{0x30, 0} },
			"tbs_certificate.extensions", "at least one entry",
		},
		"no subtree": {
			func(d *node) *node { return d.extension("\x55\x1d\x1e").at(2, 0, 0) },
			func(*node) []byte { return []byte{0xa0, 0} },
			"name_constraints.permitted_subtrees", "at least one entry",
		},
		"minimum 0 written": {
			func(d *node) *node { return d.extension("\x55\x1d\x1e").at(2, 0, 1, 0) },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.content())+3), x.content(), []byte{0x80, 1, 0})
			}, "name_constraints.excluded_subtrees[0].minimum", "the default left out",
		},
		"no policy": {
			func(d *node) *node { return d.extension("\x55\x1d\x20").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} }, "certificate_policies", "at least one entry",
		},
		"no qualifier": {
			func(d *node) *node { return d.extension("\x55\x1d\x20").at(1, 0, 1, 1) },
			func(*node) []byte { return []byte{0x30, 0} }, "certificate_policies[1].policy_qualifiers", "at least one entry",
		},
		"no mapping": {
			func(d *node) *node { return d.extension("\x55\x1d\x21").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} }, "policy_mappings", "at least one entry",
		},
		"no access description": {
			func(d *node) *node { return d.extension("\x2b\x06\x01\x05\x05\x07\x01\x01").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} }, "authority_info_access", "at least one entry",
		},
		"no distribution point": {
			func(d *node) *node { return d.extension("\x55\x1d\x1f").at(1, 0) },
			func(*node) []byte { return []byte{0x30, 0} }, "crl_distribution_points", "at least one entry",
		},
		"no CRL issuer": {
			func(d *node) *node { return d.extension("\x55\x1d\x1f").at(1, 0, 0, 2) },
			func(*node) []byte { return []byte{0xa2, 0} }, "crl_distribution_points[0].crl_issuer", "at least one entry",
		},
		"a name of another kind": {
			func(d *node) *node { return d.extension("\x55\x1d\x11").at(1, 0, 0) },
			func(*node) []byte { return []byte{0x89, 0} }, "subject_alt_name[0]", "rfc822_name or dns_name",
		},
	} {
		doc := read(t, rich(t))
		target := tc.target(doc)
		bad := splice(doc, target, tc.by(target))
		err := Certificate(bad)
		switch {
		case err == nil:
			t.Errorf("%s: taken", name)
		case !strings.HasSuffix(err.Field, tc.field) || !strings.Contains(err.Want.String(), tc.want):
			t.Errorf("%s: %v", name, err)
		case err.Off == 0 || err.Off >= len(bad):
			t.Errorf("%s: byte %d of %d", name, err.Off, len(bad))
		}
	}

	// By byte, counted by hand.
	for hex, off := range map[string]int{
		"\x30\x80":                 1,
		"\x30\x81\x03\x02\x01\x01": 1,
		"\x31\x00":                 0,
		"\x30\x05\x02\x01":         1,
		"\x30\x03\x02\x01\x01\xff": 2, // the INTEGER where the SEQUENCE tbsCertificate should be
		"":                         0,
	} {
		if err := Certificate([]byte(hex)); err == nil || err.Off != off {
			t.Errorf("%x: %v, want byte %d", hex, err, off)
		}
	}
}
