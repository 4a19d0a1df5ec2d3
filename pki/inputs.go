package pki

import (
	"crypto/x509"
	"fmt"
	"net"
)

// Input is one value that a check or a step looked at.
type Input struct {
	Name  string // one of InputNames
	value any    // or one that is computed later
}

// NewInput returns an Input of a caller's own check.
func NewInput(name string, value any) Input { return Input{name, value} }

// Value returns a string, []byte, int, bool, time.Time or []string. A value that takes the
// arithmetic of a public key is computed when it is first asked for, on the goroutine that
// asks; what a certificate says is written out each time. A value is the same each time, and
// must not be changed.
func (in Input) Value() any {
	if l, ok := in.value.(computed); ok {
		return l.compute()
	}
	return in.value
}

// String returns name and value, for a caller that prints a list of them.
func (in Input) String() string { return fmt.Sprintf("{%s %v}", in.Name, in.Value()) }

// valueOf returns the value of that name, nil if it is not among inputs.
func valueOf(inputs []Input, name string) any {
	for _, in := range inputs {
		if in.Name == name {
			return in.Value()
		}
	}
	return nil
}

// The names of inputs.
const (
	InSubject    = "subject"
	InIssuer     = "issuer"
	InSerial     = "serial"      // []byte, big endian
	InNotBefore  = "not_before"  // time.Time, UTC
	InNotAfter   = "not_after"   // time.Time, UTC
	InCheckedAt  = "checked_at"  // time.Time, UTC
	InNames      = "names"       // []string: "DNS:www.lab.test", "IP:192.0.2.1"
	InServerName = "server_name" // what the client asked for
	InMatched    = "matched"     // the presented name that fits it; "" if none

	InPublicKey     = "public_key"      // as KeyName says, "ECDSA P-256"
	InPublicKeyHash = "public_key_hash" // SHA-256 of the SubjectPublicKeyInfo
	InIssuerKey     = "issuer_key"      // like InPublicKey, of whoever signed
	InKeyBits       = "key_bits"        // int, the modulus of an RSA key

	InSignatureAlgorithm = "signature_algorithm"
	InSignature          = "signature"   // []byte as the certificate carries it
	InHash               = "hash"        // "SHA-256"; for EdDSA the hash inside of it
	InTBS                = "tbs"         // the to-be-signed bytes, DER
	InTBSHash            = "tbs_hash"    // their hash, computed here
	InSelfSigned         = "self_signed" // bool: checked with the certificate's own key, which shows nothing about trust
	InSelfIssued         = "self_issued" // bool: subject and issuer are one name
	InCSR                = "csr"         // DER
	InChain              = "chain"       // []string, subjects
	InCertificate        = "certificate" // DER
	InFingerprint        = "fingerprint" // SHA-256 of the whole certificate
	InVersion            = "version"     // int, 1 to 3
	InExtensions         = "extensions"  // []string, object identifiers

	InRecoveredBlock  = "recovered_block"  // RSA PKCS #1: signature^e mod n, all of it
	InPadding         = "padding"          // RSA PKCS #1: 00 01 ff .. ff 00
	InDigestInfo      = "digest_info"      // RSA PKCS #1: the DER that names the hash and holds it
	InRecoveredDigest = "recovered_digest" // RSA PKCS #1: the hash inside digest_info
	InEncodedMessage  = "encoded_message"  // RSA-PSS: EM, what signature^e mod n gives
	InSalt            = "salt"             // RSA-PSS: the salt inside EM
	InR               = "r"                // ECDSA, as many bytes as the group's order
	InS               = "s"                // ECDSA
	InXOfR            = "x_of_r_mod_n"     // ECDSA: x of R = (hash/s)G + (r/s)Q, mod n; must equal r
	InSB              = "s_times_b"        // EdDSA: [S]B, encoded
	InRPlusKA         = "r_plus_k_a"       // EdDSA: R + [k]A, encoded; must equal [S]B

	InCA             = "ca"                 // bool, basicConstraints cA
	InMaxPathLength  = "max_path_length"    // int, pathLenConstraint
	InPathLength     = "path_length"        // int, intermediates below that count
	InKeyUsage       = "key_usage"          // []string as RFC 5280 names the bits
	InExtKeyUsage    = "extended_key_usage" // []string
	InWantedUsage    = "wanted_usage"       // "serverAuth" or "clientAuth"
	InPermitted      = "permitted"          // []string, subtrees
	InExcluded       = "excluded"           // []string, subtrees
	InConstrainedBy  = "constrained_by"     // []string, subjects of the authorities that constrain
	InUnapplied      = "unapplied"          // []string, subtrees of kinds that we cannot apply
	InPolicies       = "policies"           // []string, of the leaf
	InQualifiers     = "policy_qualifiers"  // []string: what the qualifiers of a critical certificatePolicies tell a reader
	InExplicitPolicy = "explicit_policy"    // bool: a policy is required by now

	InInitialPolicySet      = "user_initial_policy_set"        // []string, the policies that the user accepts: of PolicyInputs, and so are those below
	InInitialExplicitPolicy = "initial_explicit_policy"        // bool
	InInitialMappingInhibit = "initial_policy_mapping_inhibit" // bool
	InInitialAnyInhibit     = "initial_any_policy_inhibit"     // bool

	InPolicyGraph       = "valid_policy_graph"               // []string, a level each, as far as the path was taken in: "1:{A = B, C}"
	InAuthorityPolicies = "authority_constrained_policy_set" // []string, the policies that are valid for the whole path
	InUserPolicies      = "user_constrained_policy_set"      // []string, those of them that the user accepts

	InDepth    = "depth"     // int, the certificates between leaf and anchor
	InMaxDepth = "max_depth" // int, how many of them the user allows

	InAnchors        = "anchors"     // int, how many are installed
	InStatus         = "status"      // "good", "revoked", "unknown", "none"
	InThisUpdate     = "this_update" // time.Time
	InNextUpdate     = "next_update" // time.Time; absent if the response has no nextUpdate
	InProducedAt     = "produced_at" // time.Time
	InRevokedAt      = "revoked_at"  // time.Time
	InRevokedFor     = "revoked_for" // a CRLReason's name (RFC 5280 §5.3.1); absent if the response gives none
	InResponder      = "responder"   // who signed the response
	InResponse       = "response"    // DER
	InIssuerNameHash = "issuer_name_hash"
	InIssuerKeyHash  = "issuer_key_hash"

	InTLSFeatures       = "tls_features"        // []string, TLS extensions that the certificate promises to answer
	InIssuerTLSFeatures = "issuer_tls_features" // like InTLSFeatures, of the issuer's certificate
	InStatusAsked       = "status_asked"        // bool: the client asked for an OCSP response
	InStapled           = "stapled"             // bool: one came

	InStatePolicies         = "state_valid_policy_tree"  // []string: of PathState, and so are those below
	InStateExplicitPolicy   = "state_explicit_policy"    // int
	InStateInhibitAnyPolicy = "state_inhibit_any_policy" // int
	InStatePolicyMapping    = "state_policy_mapping"     // int
	InStateMaxPathLength    = "state_max_path_length"    // int
	InStatePermitted        = "state_permitted_subtrees" // []string
	InStateExcluded         = "state_excluded_subtrees"  // []string
)

// InputNames lists every Name an Input can have.
func InputNames() []string {
	return []string{
		InSubject, InIssuer, InSerial, InNotBefore, InNotAfter, InCheckedAt, InNames, InServerName, InMatched,
		InPublicKey, InPublicKeyHash, InIssuerKey, InKeyBits,
		InSignatureAlgorithm, InSignature, InHash, InTBS, InTBSHash, InSelfSigned, InSelfIssued, InCSR, InChain, InCertificate,
		InFingerprint, InVersion, InExtensions,
		InRecoveredBlock, InPadding, InDigestInfo, InRecoveredDigest, InEncodedMessage, InSalt, InR, InS, InXOfR,
		InSB, InRPlusKA,
		InCA, InMaxPathLength, InPathLength, InKeyUsage, InExtKeyUsage, InWantedUsage, InPermitted, InExcluded,
		InConstrainedBy, InUnapplied, InPolicies, InQualifiers, InExplicitPolicy,
		InInitialPolicySet, InInitialExplicitPolicy, InInitialMappingInhibit, InInitialAnyInhibit, InPolicyGraph, InAuthorityPolicies, InUserPolicies,
		InDepth, InMaxDepth,
		InAnchors, InStatus, InThisUpdate, InNextUpdate, InProducedAt, InRevokedAt, InRevokedFor, InResponder, InResponse,
		InIssuerNameHash, InIssuerKeyHash,
		InTLSFeatures, InIssuerTLSFeatures, InStatusAsked, InStapled,
		InStatePolicies, InStateExplicitPolicy, InStateInhibitAnyPolicy, InStatePolicyMapping, InStateMaxPathLength,
		InStatePermitted, InStateExcluded,
	}
}

// AltNames writes the names of hosts, and then addresses, as InNames has them.
func AltNames(dns []string, ips []net.IP) []string {
	names := make([]string, 0, len(dns)+len(ips))
	for _, n := range dns {
		names = append(names, "DNS:"+n)
	}
	for _, ip := range ips {
		names = append(names, ipString(ip))
	}
	return names
}

// ipString writes an address by its octets: net.IP would write ::ffff:192.0.2.1, which
// has 16 of them, as 192.0.2.1.
func ipString(ip net.IP) string { return generalName{kind: iPAddress, value: ip}.String() }

func serialBytes(c *x509.Certificate) []byte { return c.SerialNumber.Bytes() }

var keyUsageNames = []struct {
	bit  x509.KeyUsage
	name string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "nonRepudiation"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
	{x509.KeyUsageKeyAgreement, "keyAgreement"},
	{x509.KeyUsageCertSign, "keyCertSign"},
	{x509.KeyUsageCRLSign, "cRLSign"},
	{x509.KeyUsageEncipherOnly, "encipherOnly"},
	{x509.KeyUsageDecipherOnly, "decipherOnly"},
}

// KeyUsageNames are the bits of a key usage by their names in RFC 5280 §4.2.1.3, in its
// order. 0 has no names.
func KeyUsageNames(ku x509.KeyUsage) []string {
	var names []string
	for _, u := range keyUsageNames {
		if ku&u.bit != 0 {
			names = append(names, u.name)
		}
	}
	return names
}

func extKeyUsageStrings(c *x509.Certificate) []string {
	var names []string
	for _, u := range c.ExtKeyUsage {
		names = append(names, u.String())
	}
	for _, oid := range c.UnknownExtKeyUsage {
		names = append(names, oid.String())
	}
	return names
}
