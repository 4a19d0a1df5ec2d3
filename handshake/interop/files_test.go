package interop_test

import (
	"os"
	"path/filepath"
	"sync"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// What programs read of their certificates lies in PEM files.

// workDir holds the files of peers; TestMain removes it.
var workDir string

// files are those of one identity.
type files struct {
	cert  string // the whole chain
	chain string // cert without the leaf
	key   string
	ocsp  string
}

var written = sync.OnceValue(func() map[*tlstest.Identity]files {
	all := map[*tlstest.Identity]files{}
	var bundle []byte
	for _, root := range tlstest.Roots().All() {
		bundle = append(bundle, pki.EncodeCert(root.Raw)...)
	}
	mustWrite(rootsPath(), bundle)
	for role, ids := range map[string]map[string]*tlstest.Identity{"server": tlstest.Servers(), "client": tlstest.Clients()} {
		for kind, id := range ids {
			all[id] = write(id, filepath.Join(workDir, role+"-"+kind))
		}
	}
	return all
})

func rootsPath() string { return filepath.Join(workDir, "roots.pem") }

// rootsFile is the bundle of the CAs that issued everybody's certificates.
func rootsFile() string {
	written()
	return rootsPath()
}

func filesOf(id *tlstest.Identity) files { return written()[id] }

func write(id *tlstest.Identity, prefix string) files {
	leaf, issuers := pki.EncodeCert(id.Chain[0]), []byte(nil)
	for _, der := range id.Chain[1:] {
		issuers = append(issuers, pki.EncodeCert(der)...)
	}
	f := files{prefix + ".pem", prefix + ".chain", prefix + ".key", prefix + ".ocsp"}
	mustWrite(f.cert, append(leaf, issuers...))
	mustWrite(f.chain, issuers)
	mustWrite(f.ocsp, id.Staple)
	if err := pki.WriteKey(f.key, id.Key, pki.FileOptions{}); err != nil {
		panic(err)
	}
	return f
}

// mustWrite panics if it cannot: no test with a program can run without its files.
func mustWrite(path string, data []byte) {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		panic(err)
	}
}

// serverFor picks an identity that a suite of TLS 1.2 can use.
func serverFor(s *suite.Suite) *tlstest.Identity {
	if s.Auth == tlstest.Servers()["rsa"].Auth() {
		return tlstest.Servers()["rsa"]
	}
	return tlstest.Servers()["ecdsa"]
}
