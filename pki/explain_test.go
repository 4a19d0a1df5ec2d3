package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"slices"
	"testing"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// checkOf finds a check in the first path of a report.
func checkOf(t *testing.T, r *pki.Report, key pki.CheckKey, cert int) *pki.Check {
	t.Helper()
	for i := range r.Paths[0].Checks {
		if c := &r.Paths[0].Checks[i]; c.Key == key && c.Cert == cert {
			return c
		}
	}
	t.Fatalf("no check %s on certificate %d", key, cert)
	return nil
}

func bytesOf(t *testing.T, c *pki.Check, name string) []byte {
	t.Helper()
	b, ok := c.Input(name).([]byte)
	if !ok || len(b) == 0 {
		t.Fatalf("check %s has no input %s", c.Key, name)
	}
	return b
}

func TestExplainedSignatures(t *testing.T) {
	hashes := map[string]crypto.Hash{"rsa": crypto.SHA256, "rsa-pss": crypto.SHA256, "ecdsa": crypto.SHA256, "p384": crypto.SHA384, "p521": crypto.SHA512}
	for _, o := range pkitest.EverySignature() {
		l := pkitest.Lesson(t, o)
		r := pkitest.Judge(t, l, true)
		for i := range 2 {
			check := checkOf(t, r, pki.CheckSignature, i)
			tbs := r.Paths[0].Certs[i].RawTBSCertificate
			inner := map[string]any{"ed25519": "SHA-512", "ed448": "SHAKE256"} // hashed inside, with more
			hash, hashed := []byte(nil), hashes[o.KeyAlg] != 0
			if hashed {
				hash = pki.DigestInto(nil, hashes[o.KeyAlg], tbs)
			}
			if !bytes.Equal(bytesOf(t, check, pki.InTBS), tbs) {
				t.Errorf("%+v: tbs differs from the certificate's", o)
			}
			if hashed && !bytes.Equal(bytesOf(t, check, pki.InTBSHash), hash) || !hashed && (check.Input(pki.InTBSHash) != nil || check.Input(pki.InHash) != inner[o.KeyAlg]) {
				t.Errorf("%+v: tbs_hash is not the hash of the to-be-signed bytes", o)
			}
			switch {
			case o.PSS || o.KeyAlg == "rsa-pss":
				checkPSS(t, check, pki.RsaNumbers(pki.PublicKey(r.Paths[0].Certs[i+1])), hash)
			case o.KeyAlg == "rsa":
				if !bytes.Equal(bytesOf(t, check, pki.InRecoveredDigest), hash) {
					t.Error("the digest that the signature opens to is not the certificate's")
				}
				block := bytesOf(t, check, pki.InRecoveredBlock)
				if !bytes.Equal(block, append(slices.Clone(bytesOf(t, check, pki.InPadding)), bytesOf(t, check, pki.InDigestInfo)...)) || len(block) != 256 {
					t.Error("padding and DigestInfo do not make up the block")
				}
			case o.KeyAlg == "ecdsa" || o.KeyAlg == "p384" || o.KeyAlg == "p521":
				if !bytes.Equal(bytesOf(t, check, pki.InXOfR), bytesOf(t, check, pki.InR)) {
					t.Error("x(R) mod n is not r")
				}
			default:
				if !bytes.Equal(bytesOf(t, check, pki.InSB), bytesOf(t, check, pki.InRPlusKA)) {
					t.Error("[S]B is not R + [k]A")
				}
			}
			if recovers := check.Input(pki.InRecoveredBlock) != nil; recovers != (o.KeyAlg == "rsa" && !o.PSS) {
				t.Errorf("%+v: said to recover a block: %v", o, recovers)
			}
		}
	}
}

// checkPSS rebuilds H from hash and salt and finds it in EM (RFC 8017 §9.1.2).
func checkPSS(t *testing.T, check *pki.Check, key *rsa.PublicKey, hash []byte) {
	em, salt := bytesOf(t, check, pki.InEncodedMessage), bytesOf(t, check, pki.InSalt)
	h := sha256.Sum256(slices.Concat(make([]byte, 8), hash, salt))
	if len(salt) != sha256.Size || !bytes.Equal(em[len(em)-1-len(h):len(em)-1], h[:]) {
		t.Error("EM does not hold the hash of 8 zero bytes, the message's hash and the salt")
	}
	if len(em) != (key.N.BitLen()-1+7)/8 {
		t.Errorf("EM has %d bytes", len(em))
	}
}

// A signature that does not verify must not look as if it did.
func TestExplainedBadSignatures(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		r := pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{Kind: lesson.BadSignature, KeyAlg: alg}), true)
		check := checkOf(t, r, pki.CheckSignature, 0)
		if check.OK {
			t.Errorf("%s: accepted", alg)
		}
		for _, pair := range [][2]string{{pki.InRecoveredDigest, pki.InTBSHash}, {pki.InXOfR, pki.InR}, {pki.InSB, pki.InRPlusKA}} {
			left, _ := check.Input(pair[0]).([]byte)
			right, _ := check.Input(pair[1]).([]byte)
			if left != nil && bytes.Equal(left, right) {
				t.Errorf("%s: %s equals %s although the signature is bad", alg, pair[0], pair[1])
			}
		}
	}
}

// P-384 and a digest longer than the group's order take their own branches.
func TestExplainedECDSASizes(t *testing.T) {
	for _, tc := range []struct {
		kind authority.KeyKind
		alg  x509.SignatureAlgorithm
		hash crypto.Hash
	}{{authority.P256, x509.ECDSAWithSHA512, crypto.SHA512}, {authority.P384, x509.ECDSAWithSHA384, crypto.SHA384}, {authority.P384, x509.ECDSAWithSHA256, crypto.SHA256}} {
		key, err := authority.GenerateKey(tc.kind, pkitest.Seeded(9))
		if err != nil {
			t.Fatal(err)
		}
		message := []byte("to be signed")
		sig, err := crypto.SignMessage(key, nil, message, tc.hash)
		if err != nil {
			t.Fatal(err)
		}
		check := pki.Check{Inputs: pki.ExplainSignature(algid.Named(tc.alg), key.Public(), message, sig)}
		if !bytes.Equal(bytesOf(t, &check, pki.InXOfR), bytesOf(t, &check, pki.InR)) {
			t.Errorf("%s with %s: x(R) mod n is not r", tc.kind, tc.alg)
		}
	}
}

// Garbage in place of a signature has fewer values, and no panic.
func TestExplainGarbage(t *testing.T) {
	root := pkitest.Lesson(t, lesson.Options{}).Root.Cert.PublicKey.(*rsa.PublicKey)
	for _, sig := range [][]byte{nil, {0}, bytes.Repeat([]byte{0xff}, 256), bytes.Repeat([]byte{0xff}, 64), bytes.Repeat([]byte{0xff}, 114), make([]byte, 114), {0x30, 6, 2, 1, 0, 2, 1, 0}} {
		for _, row := range algid.All {
			for _, pub := range []crypto.PublicKey{root, lesson.KeyECDSA("root").Public(), lesson.KeyEd25519("root").Public(),
				lesson.KeyOf("ed448", "root").Public(), lesson.KeyOf("rsa-pss", "root").Public(), nil, &rsa.PublicKey{N: new(big.Int)}} {
				for _, in := range pki.ExplainSignature(row, pub, []byte("m"), sig) {
					if in.Name == pki.InRecoveredDigest || in.Name == pki.InXOfR || in.Name == pki.InSalt {
						t.Errorf("%s: %s out of garbage %x", row, in.Name, sig)
					}
				}
			}
		}
	}
}

// Every key and every name that is used is listed, for narrate depends on the lists;
// silent and explained reach the same verdict.
func TestListsAreComplete(t *testing.T) {
	note := func(where string, list []string, key string) {
		if !slices.Contains(list, key) {
			t.Errorf("%s %q is not listed", where, key)
		}
	}
	made := map[pki.CheckKey]bool{}
	for _, kind := range lesson.Kinds() {
		l := pkitest.Lesson(t, lesson.Options{Kind: kind, Staple: "good"})
		for _, step := range l.Leaf.Steps {
			note("step", pki.StepKeys(), step.Key)
			for _, in := range step.Inputs {
				note("input", pki.InputNames(), in.Name)
			}
		}
		silent, full := pkitest.Judge(t, l, false), pkitest.Judge(t, l, true)
		if silent.OK != full.OK || silent.OK == false && silent.Err.Error() != full.Err.Error() {
			t.Errorf("%s: silent says %v, explained says %v", kind, silent.Err, full.Err)
		}
		for _, p := range full.Paths {
			for _, c := range p.Checks {
				made[c.Key] = true
				if !slices.Contains(pki.CheckKeys(), c.Key) {
					t.Errorf("the check %q is not listed", c.Key)
				}
				if c.Ref == "" || c.Subject == "" || len(c.Inputs) == 0 || c.OK != (c.Err == nil) {
					t.Errorf("%s: incomplete check %+v", kind, c)
				}
				for _, in := range c.Inputs {
					note("input", pki.InputNames(), in.Name)
					if in.Value() == nil {
						t.Errorf("%s: input %s is nil", c.Key, in.Name)
					}
				}
			}
		}
	}
	for _, key := range pki.CheckKeys() {
		if !made[key] && key != pki.CheckPolicy && key != pki.CheckDepth {
			t.Errorf("no lesson makes the check %s", key)
		}
	}
}
