package trust

import (
	"testing"

	"tlslab/pki/der"
)

// A policy is found by its names and by its number, and its long name is what --bytes calls it.
func TestPolicyNames(t *testing.T) {
	for typed, want := range map[string]string{"DV": "2.23.140.1.2.1", "ev": "2.23.140.1.1", "ov": "2.23.140.1.2.2", "Individual-Validated": "2.23.140.1.2.3", "anypolicy": "2.5.29.32.0", "1.2.3": "1.2.3"} {
		if id, err := policyOf(typed); err != nil || id.String() != want {
			t.Errorf("%s: %v, %v; want %s", typed, id, err, want)
		}
	}
	for _, typed := range []string{"", "any", "XV", "2.23.", "DV,OV"} {
		if id, err := policyOf(typed); err == nil {
			t.Errorf("%q is %v", typed, id)
		}
	}
	for _, p := range policies {
		name := p.long
		if name == "" {
			name = p.name
		}
		id, err := policyOf(p.name)
		if err != nil {
			t.Fatal(err)
		}
		content, _ := id.MarshalBinary()
		if got := der.OID(content).Name(); got != name {
			t.Errorf("%s is %q, and --bytes says %q", p.id, name, got)
		}
	}
}
