package narrate

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/sig"
)

// Why there is no command, or none that computes the value: keys of the Kind UI.
const (
	whyRandom    = "recompute.random"    // drawn; there is nothing it could be computed from
	whyReplaced  = "recompute.replaced"  // the server went on with another premaster secret than it received
	whySession   = "recompute.session"   // kept from an earlier connection
	whyNoInputs  = "recompute.no_inputs" // the party that computed it did not tell from what
	whyNoTool    = "recompute.no_tool"   // openssl 3.0 has no command for it
	whyMLKEM     = "recompute.mlkem"     // openssl 3.0 has no command for this either, but later ones have
	whySignature = "recompute.signature" // only the private key makes it
	whyCheck     = "recompute.check"     // the same, but here is a command that checks it
)

// RecomputeReasons lists every why that Recompute can return.
func RecomputeReasons() []string {
	return []string{whyRandom, whyReplaced, whySession, whyNoInputs, whyNoTool, whyMLKEM, whySignature, whyCheck}
}

// Unmade is the UI key of where a secret is from that was not computed on its connection; "" of all others.
func Unmade(e *event.Secret) string {
	switch e.Function {
	case event.FunctionSession:
		return "unmade.kept"
	case event.FunctionGiven:
		return "unmade.given"
	}
	return ""
}

// Recompute returns a shell command that computes e.Value again from e.Inputs and
// prints it in lower-case hex: sh, its everyday tools, and openssl 3.0 or later. It
// needs no file, except for Ed25519, which hashes its message twice and so cannot take
// it from a pipe: there it makes one and removes it. Equal events have equal commands.
// What comes from the event reaches the shell only as hex, base64, a number, or a word
// without syntax.
//
// Where cmd is "", why is the UI key that says why. A signature has both: its
// command prints that it verifies, and why is "recompute.check".
func Recompute(e *event.Secret) (cmd, why string) {
	in := inputs(e.Inputs)
	switch {
	case e.Function == event.FunctionSession:
		return "", whySession
	case len(in) == 0:
		return "", whyNoInputs
	case !isWord(e.Hash): // a student's, by a name that openssl cannot have
		return "", whyNoTool
	case e.Function == event.FunctionExtract:
		return extract(e)
	case e.Function == event.FunctionExpandLabel:
		return expandLabel(e)
	case e.Function == event.FunctionHMAC:
		return mac(e)
	case e.Function == event.FunctionPRF:
		return prf(e), ""
	case e.Function == event.FunctionPart:
		return cut(e), ""
	case strings.HasSuffix(string(e.Label), "_signature"):
		return verify(e)
	case e.Label == event.LabelServerEphemeral || e.Label == event.LabelClientKeyShare || e.Label == event.LabelServerKeyShare:
		return public(e)
	case e.Label == event.LabelPremasterSecret && e.Exchange == iana.KxRSA:
		return decrypt(e)
	case e.Label == event.LabelPremasterSecret || e.Label == event.LabelSharedSecret:
		return derive(e)
	}
	return "", whyNoTool
}

// inputs finds a value by the first word of its name: "A = aG" is A.
type inputs []event.Input

func (in inputs) get(names ...string) []byte {
	for _, v := range in {
		word, _, _ := strings.Cut(v.Name, " ")
		for _, n := range names {
			if word == n {
				return v.Bytes
			}
		}
	}
	return nil
}

// toHex ends a pipeline whose bytes shall be read by a person. -v because od
// writes repeated lines as a star.
const toHex = " |\nod -An -v -tx1 | tr -d ' \\n'; echo"

// toHexInLine is the same where the line before has room for it.
const toHexInLine = " | od -An -v -tx1 | tr -d ' \\n'; echo"

// prf is P_hash (RFC 5246 §5). Its first input is the secret; the others are
// the seed, behind the label: openssl concatenates them in their order.
func prf(e *event.Secret) string {
	var b strings.Builder
	b.WriteString(kdf(e))
	fmt.Fprintf(&b, "  -kdfopt hexsecret:%x \\\n", e.Inputs[0].Bytes)
	fmt.Fprintf(&b, "  -kdfopt %s \\\n", seed(e.Tag))
	for _, v := range e.Inputs[1:] {
		fmt.Fprintf(&b, "  -kdfopt hexseed:%x \\\n", v.Bytes)
	}
	return b.String() + "  TLS1-PRF" + toHexInLine
}

// seed is a label as openssl takes it: in letters where it is made of these, and else in
// hex. An exporter's label is whatever its caller liked, and the shell reads this line.
func seed(tag string) string {
	if isWord(strings.ReplaceAll(tag, " ", "")) {
		return "'seed:" + tag + "'"
	}
	return fmt.Sprintf("hexseed:%x", tag)
}

// isWord reports whether s is made of characters that mean nothing to a shell.
func isWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == ""
}

// kdf begins a command that derives as many bytes as the value has, under its hash.
func kdf(e *event.Secret) string {
	return fmt.Sprintf("openssl kdf -binary -keylen %d -kdfopt digest:%s \\\n", len(e.Value), digest(e))
}

// digest is openssl's name for the hash.
func digest(e *event.Secret) string { return strings.ReplaceAll(e.Hash, "-", "") }

// extract is HKDF-Extract (RFC 5869 §2.2).
func extract(e *event.Secret) (cmd, why string) {
	salt, ikm := inputs(e.Inputs).get("salt"), inputs(e.Inputs).get("ikm")
	if len(salt) == 0 || len(ikm) == 0 {
		return "", whyNoInputs
	}
	return kdf(e) + fmt.Sprintf("  -kdfopt mode:EXTRACT_ONLY \\\n  -kdfopt hexsalt:%x \\\n  -kdfopt hexkey:%x \\\n  HKDF", salt, ikm) + toHexInLine, ""
}

// expandLabel is HKDF-Expand (RFC 5869 §2.3) with an HkdfLabel for its info (RFC 9846 §7.1).
func expandLabel(e *event.Secret) (cmd, why string) {
	secret, info := inputs(e.Inputs).get("secret"), inputs(e.Inputs).get("hkdf_label")
	if len(secret) == 0 || len(info) == 0 {
		return "", whyNoInputs
	}
	return kdf(e) + fmt.Sprintf("  -kdfopt mode:EXPAND_ONLY \\\n  -kdfopt hexkey:%x \\\n  -kdfopt hexinfo:%x \\\n  HKDF", secret, info) + toHexInLine, ""
}

// mac is the HMAC in a Finished (RFC 9846 §4.5.3).
func mac(e *event.Secret) (cmd, why string) {
	key, hash := inputs(e.Inputs).get("finished_key"), inputs(e.Inputs).get("transcript_hash")
	if len(key) == 0 || len(hash) == 0 {
		return "", whyNoInputs
	}
	return decoded(hash) + fmt.Sprintf(" |\nopenssl mac -binary -digest %s \\\n  -macopt hexkey:%x HMAC", digest(e), key) + toHexInLine, ""
}

// cut takes a key out of the key block; each byte is two hex digits.
func cut(e *event.Secret) string {
	return fmt.Sprintf("echo %x | cut -c %d-%d", e.Inputs[0].Bytes, 2*e.Off+1, 2*(e.Off+len(e.Value)))
}

// derive is Diffie–Hellman: our private key and the peer's share.
func derive(e *event.Secret) (cmd, why string) {
	g, why := groupOf(e)
	if why != "" {
		return "", why
	}
	in := inputs(e.Inputs)
	// Whoever has a has received B, and the other way round.
	own, share := in.get("a"), in.get("B")
	if own == nil {
		own, share = in.get("b"), in.get("A")
	}
	if own == nil || share == nil {
		return "", whyNoInputs
	}
	// openssl drops a field element's leading zeros, as DHE wants. A field that
	// serves ECDHE, as a student's own may, keeps them.
	pad := ""
	if len(in.get("p")) > 0 && len(e.Value) > 0 && e.Value[0] == 0 {
		pad = " -pkeyopt dh_pad:1"
	}
	return with(pem("PRIVATE KEY", g.private(own)), 3,
		pem("PUBLIC KEY", g.public(share))+" |\n"+
			"openssl pkeyutl -derive -inkey /dev/fd/3 -peerkey /dev/stdin"+pad) + toHex, ""
}

// public makes the share from the private key. The key is written without its
// public half, so that openssl has to compute it; it ends what openssl writes.
func public(e *event.Secret) (cmd, why string) {
	g, why := groupOf(e)
	if why != "" {
		return "", why
	}
	own := inputs(e.Inputs).get("a", "b")
	if own == nil {
		return "", whyNoInputs
	}
	size, zeros := len(e.Value), ""
	if inputs(e.Inputs).get("p") != nil { // a number there, padded to the length of p here
		size = len(bytes.TrimLeft(e.Value, "\x00"))
		if n := len(e.Value) - size; n > 0 {
			zeros = "printf " + strings.Repeat("00", n) + "\n"
		}
	}
	return zeros + pem("PRIVATE KEY", g.private(own)) + " |\n" +
		fmt.Sprintf("openssl pkey -pubout -outform DER | tail -c %d", size) + toHex, ""
}

// decrypt is RSA key transport as the server does it. The client's premaster
// secret is drawn.
func decrypt(e *event.Secret) (cmd, why string) {
	in := inputs(e.Inputs)
	if in.get("m") != nil {
		return "", whyRandom
	}
	ciphertext := in.get("RSA(premaster)")
	if in.get("n") == nil || in.get("e") == nil || in.get("d") == nil || ciphertext == nil {
		return "", whyNoInputs
	}
	key, err := rsaKey(in.get("n"), in.get("e"), in.get("d"))
	if err != nil {
		return "", whyNoTool
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", whyNoTool
	}
	cmd = with(pem("PRIVATE KEY", pkcs8), 3,
		decoded(ciphertext)+" |\n"+
			"openssl pkeyutl -decrypt -pkeyopt rsa_padding_mode:pkcs1 -inkey /dev/fd/3") + toHex
	// RFC 5246 §7.4.7.1: a bad padding gets a random secret, another version ours. This comes
	// last, so that the same is computed in either case: a server that explains live does it
	// beside its other connections, and how busy it is can be felt on those.
	//lint:ignore SA1019 RSA key transport is what is explained here
	if plain, err := rsa.DecryptPKCS1v15(nil, key, ciphertext); err != nil || !bytes.Equal(plain, e.Value) {
		return "", whyReplaced
	}
	return cmd, ""
}

// verify checks a signature: most cannot be made twice alike, and none without the
// private key.
func verify(e *event.Secret) (cmd, why string) {
	in := inputs(e.Inputs)
	signed, spki := in.get("signed"), in.get("public_key")
	s := sig.ByID(e.Scheme)
	if s == nil || signed == nil || spki == nil {
		return "", whySignature
	}
	key, signature := pem("PUBLIC KEY", spki), decoded(e.Value)
	if s.Kind == sig.EdDSA {
		return "f=$(mktemp)\n" + decoded(signed) + " >\"$f\"\n" +
			with(key, 3, signature+" |\n"+
				"openssl pkeyutl -verify -rawin -pubin -inkey /dev/fd/3 \\\n  -sigfile /dev/stdin -in \"$f\"") +
			"\nrm \"$f\"", whyCheck
	}
	pss := ""
	if s.Kind == sig.RSAPSS {
		pss = " \\\n  -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
	}
	digest := strings.ToLower(strings.ReplaceAll(s.Hash.String(), "-", ""))
	return with(key, 3, with(signature, 4, decoded(signed)+" |\n"+
		"openssl dgst -"+digest+pss+" \\\n  -verify /dev/fd/3 -signature /dev/fd/4")), whyCheck
}

// with runs a pipeline whose last command finds what source writes at the file
// descriptor fd: its standard input is taken already.
func with(source string, fd int, pipeline string) string {
	return fmt.Sprintf("%s | {\n%s; } %d<&0", source, pipeline, fd)
}

// pem prints DER as PEM.
func pem(label string, der []byte) string {
	return printf("'-----BEGIN "+label+"-----'", der, " \\\n  '-----END "+label+"-----'")
}

// decoded prints raw bytes.
func decoded(b []byte) string { return printf("", b, "") + " |\n  openssl base64 -d" }

// printf prints base64 in lines of 64, the most that every base64 -d takes.
func printf(before string, b []byte, after string) string {
	out := strings.TrimRight(`printf '%s\n' `+before, " ")
	text := base64.StdEncoding.EncodeToString(b)
	for len(text) > 0 {
		n := min(64, len(text))
		out += " \\\n  " + text[:n]
		text = text[n:]
	}
	return out + after
}

// rsaKey finds the primes behind n, e and d: ed-1 is a multiple of the order of
// every number, so that taking its square roots one by one soon meets a root of 1
// that is neither 1 nor -1 (FIPS 186-5, SP 800-56B appendix C).
func rsaKey(n, e, d []byte) (*rsa.PrivateKey, error) {
	one := big.NewInt(1)
	N, E, D := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e), new(big.Int).SetBytes(d)
	odd := new(big.Int).Mul(E, D)
	odd.Sub(odd, one)
	if odd.Sign() <= 0 || !E.IsInt64() || N.Cmp(one) <= 0 {
		return nil, rsa.ErrVerification
	}
	halvings := odd.TrailingZeroBits()
	odd.Rsh(odd, halvings)
	minusOne := new(big.Int).Sub(N, one)
	for base := int64(2); base < 100; base++ { // each base succeeds with probability 1/2 or better
		x := new(big.Int).Exp(big.NewInt(base), odd, N)
		for range halvings {
			y := new(big.Int).Mul(x, x)
			y.Mod(y, N)
			if y.Cmp(one) == 0 && x.Cmp(one) != 0 && x.Cmp(minusOne) != 0 {
				p := new(big.Int).GCD(nil, nil, x.Sub(x, one), N)
				key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: N, E: int(E.Int64())}, D: D,
					Primes: []*big.Int{p, new(big.Int).Div(N, p)}}
				key.Precompute()
				return key, key.Validate()
			}
			x = y
		}
	}
	return nil, rsa.ErrVerification
}
