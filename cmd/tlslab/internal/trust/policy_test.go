package trust

import (
	"bytes"
	"strings"
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

// A policy that is accepted refuses no chain, and of a chain that is not valid for it the report says so, and where
// nothing is listed, that there is nothing.
func TestAcceptedPolicyUnmet(t *testing.T) {
	const captures = "../../../../handshake/explain/testdata/"
	for lang, want := range map[string][]string{
		"en": {"policies empty;", "user_constrained_policy_set empty", "valid for none of the policies that the user accepts", "--explicit-policy requires one"},
		"zh": {"终端实体证书的策略 空；", "其中用户接受的 空", "用户接受的策略在这条路径上没有一项有效"},
	} {
		for demand, unmet := range map[string]bool{"--policy=EV": true, "--depth=3": false} {
			var b bytes.Buffer
			cmd := NewVerify()
			cmd.SetArgs([]string{"--CAfile", captures + "root.pem", "--untrusted", captures + "inter.pem", "--servername", "localhost",
				"--time", "2026-12-24T00:00:00Z", demand, "--lang", lang, captures + "leaf.pem"})
			cmd.SetOut(&b)
			cmd.SetErr(&b)
			if err := cmd.Execute(); err != nil {
				t.Fatalf("%s %s: %v", lang, demand, err)
			}
			said := strings.Join(strings.Fields(b.String()), " ")
			for _, w := range want {
				if strings.Contains(said, w) != unmet {
					t.Errorf("%s %s: %q: %v\n%s", lang, demand, w, !unmet, b.String())
				}
			}
		}
	}
}
