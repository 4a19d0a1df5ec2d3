package handshake_test

import (
	"errors"
	"go/ast"
	"go/types"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// checkMisuse demands that a caller is told its mistake, in which field it lies, and never
// that something broke.
func checkMisuse(t *testing.T, name string, err error, field string) {
	t.Helper()
	var re *reason.Error
	if !errors.As(err, &re) || re.Reason != reason.Misuse || re.Field != field || strings.Contains(err.Error(), "internal") {
		t.Errorf("%s: %v, expected misuse in %q", name, err, field)
	}
}

// TestNilConfig: a nil Config is one with no field set, as for crypto/tls. Neither end can
// do with that, and each says what is missing.
func TestNilConfig(t *testing.T) {
	for _, cfg := range []*handshake.Config{nil, {}} {
		_, err := handshake.NewClient(cfg)
		checkMisuse(t, "a client", err, "config.server_name")
		_, err = handshake.NewServer(cfg)
		checkMisuse(t, "a server", err, "config.certificates")
	}
}

// TestNothingInAList: what a look-up by an unknown number returned is found before it is
// used.
func TestNothingInAList(t *testing.T) {
	for field, change := range map[string]func(*handshake.Config){
		"config.suites":              func(c *handshake.Config) { c.Suites = append(suite.Defaults(), suite.ByID(0xfefe)) },
		"config.groups":              func(c *handshake.Config) { c.Groups = []kx.Group{nil} },
		"config.exchanges":           func(c *handshake.Config) { c.Exchanges = []kx.Exchange{nil} },
		"config.schemes":             func(c *handshake.Config) { c.Schemes = []*sig.Scheme{nil} },
		"config.certificate_schemes": func(c *handshake.Config) { c.CertificateSchemes = []*sig.Scheme{nil} },
		"config.alpn":                func(c *handshake.Config) { c.ALPN = []string{"h2", ""} },
	} {
		cc, sc := ends13(lesson(t, "ecdsa"))
		change(cc)
		change(sc)
		_, err := handshake.NewClient(cc)
		checkMisuse(t, field+" at a client", err, field)
		_, err = handshake.NewServer(sc)
		checkMisuse(t, field+" at a server", err, field)
	}
}

// TestMisuseUnderWay: a mistake that shows in mid-handshake ends it, and the peer hears that
// it is not to blame, and nothing of what it was.
func TestMisuseUnderWay(t *testing.T) {
	other := lesson(t, "rsa").Key
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for name, change := range map[string]func(*handshake.Config){
			"no certificate for this client": func(c *handshake.Config) {
				c.ForClient = func(*message.ClientHello) (*handshake.Config, error) { return new(handshake.Config), nil }
			},
			"a certificate that is none":          func(c *handshake.Config) { c.Certificates[0].Chain = [][]byte{[]byte("PEM, perhaps")} },
			"another certificate's key":           func(c *handshake.Config) { c.Certificates[0].Key = other },
			"the public half of a key, or a name": func(c *handshake.Config) { c.Certificates[0].Key = "key.pem" },
		} {
			cc, sc := ends13(lesson(t, "ecdsa"))
			cc.MaxVersion = version
			change(sc)
			c, s := shake(t, cc, sc)
			checkMisuse(t, name, s.Err(), "config.certificates")
			checkRefusal(t, name, s, c, reason.Misuse, iana.InternalError)
		}
	}
	if d, ok := reason.Alert(reason.Misuse); !ok || d != iana.InternalError || !reason.OurFault(reason.Misuse) {
		t.Errorf("misuse is told as %v, our fault %v", d, reason.OurFault(reason.Misuse))
	}
}

// TestConfigIsNeverInternal: no fault of the engine's is found in a Config's field, in no
// file. (What a key of the Config's fails to do, proof.go decides by the failure.)
func TestConfigIsNeverInternal(t *testing.T) {
	misuses := 0
	eachFile(t, func(dir string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			for _, arg := range call.Args {
				field, ok := arg.(*ast.BasicLit)
				if !ok || !strings.HasPrefix(field.Value, `"config`) {
					continue
				}
				switch made := types.ExprString(call.Fun) + " " + types.ExprString(call.Args[0]); {
				case strings.HasPrefix(made, "reason.Mistake "), strings.HasSuffix(made, " reason.Misuse"):
					misuses++
				case strings.HasPrefix(made, "reason.Fault "), strings.HasSuffix(made, " reason.Internal"):
					t.Errorf("%s: %s is called internal", dir, field.Value)
				}
			}
			return true
		})
	})
	if misuses < 10 {
		t.Errorf("%d mistakes in a Config were seen: the test looked in the wrong place", misuses)
	}
}
