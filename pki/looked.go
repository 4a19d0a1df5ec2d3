package pki

import (
	"crypto/x509"
	"errors"
	"strings"
	"sync"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// Looked is a field that a check looked at, of a certificate of the path or of the stapled
// response, by the path that a walk of package der gives it. All entries of a list have one
// path, and so have all extensions: where a check went through a list, the path means each
// entry.
type Looked struct {
	Cert   int // index in Path.Certs; Stapled for a field of the response
	Path   string
	Absent Absence // what the check made of it that there is no such field; "" if there is one
}

// Stapled is the Cert of a field of the OCSP response.
const Stapled = -1

// Absence is what it means to a check that an optional field is not there: narrate's key.
type Absence string

// What is taken from an optional field's absence.
const (
	AbsentNotCA         Absence = "not_ca"         // no cA: FALSE is the default
	AbsentNoLimit       Absence = "no_limit"       // no pathLenConstraint
	AbsentVersion1      Absence = "version_1"      // no version: v1 is the default
	AbsentAnyUse        Absence = "any_use"        // no keyUsage: the key may do everything
	AbsentNoName        Absence = "no_name"        // no subjectAltName of this kind: it names no server
	AbsentSubjectAlone  Absence = "subject_alone"  // no subjectAltName: the subject is all there is to constrain
	AbsentNoPromise     Absence = "no_promise"     // no TLS feature
	AbsentNoPolicy      Absence = "no_policy"      // no certificatePolicies
	AbsentNoRequirement Absence = "no_requirement" // no policyConstraints
	AbsentNoMapping     Absence = "no_mapping"     // no policyMappings
	AbsentAnyCounts     Absence = "any_counts"     // no inhibitAnyPolicy
	AbsentNothing       Absence = "nothing"        // no extensions: none is critical
	AbsentNotCritical   Absence = "not_critical"   // no critical: FALSE is the default
	AbsentNoEnd         Absence = "no_end"         // no nextUpdate: our own limit stands in
	AbsentIssuerSigned  Absence = "issuer_signed"  // no certs: nobody but the issuer can have signed
)

// Absences lists them all.
func Absences() []Absence {
	return []Absence{AbsentNotCA, AbsentNoLimit, AbsentVersion1, AbsentAnyUse, AbsentNoName, AbsentSubjectAlone, AbsentNoPromise, AbsentNoPolicy,
		AbsentNoRequirement, AbsentNoMapping, AbsentAnyCounts, AbsentNothing, AbsentNotCritical, AbsentNoEnd, AbsentIssuerSigned}
}

// Looked returns what each of p.Checks looked at, in their order. A certificate is walked when this is
// first called, once for all paths of a report: whoever only wants a verdict does not pay for it. A
// field that a certificate must have and this one has not, since it is malformed, is left out.
func (p *Path) Looked() [][]Looked {
	all := make([][]Looked, len(p.Checks))
	for i := range p.Checks {
		c := &p.Checks[i]
		for _, l := range c.looks {
			in := p.staple
			if l.Cert != Stapled {
				in = p.documents[l.Cert]
			}
			switch at, ok := in.find(l.Path); {
			case ok:
				all[i] = append(all[i], Looked{l.Cert, at, ""})
			case l.Absent != "":
				all[i] = append(all[i], l)
			}
		}
		if c.misplaced {
			all[i] = append(all[i], Looked{Cert: c.Cert, Path: p.documents[c.Cert].faultAt()})
		}
	}
	return all
}

// document is a certificate or a response: which fields it has.
type document struct {
	raw      []byte
	response bool
	once     sync.Once // reports are read by several goroutines
	paths    map[string]bool
	fault    string // the field in which the first byte is that is out of place, "" if none is
}

func (d *document) read() {
	d.once.Do(func() {
		walk := der.WalkCertificate
		if d.response {
			walk = der.WalkOCSPResponse
		}
		fields, err := walk(d.raw)
		d.paths = make(map[string]bool)
		var bad *der.Error
		misplaced := errors.As(err, &bad)
		for _, f := range fields {
			d.paths[f.Name] = true
			if misplaced && f.Leaf() && f.Off <= bad.Off { // of the last one, if the fault is that there are no more
				d.fault = f.Name
			}
		}
	})
}

func (d *document) faultAt() string {
	d.read()
	return d.fault
}

// find returns the path, or its header's: an element without content has no other field.
func (d *document) find(path string) (string, bool) {
	d.read()
	if d.paths[path] {
		return path, true
	}
	path += "." + der.FieldHeader
	return path, d.paths[path]
}

// document is what there is to look at in c. Paths share certificates.
func (v *verifier) document(c *x509.Certificate) *document {
	d := v.documents[c]
	if d == nil {
		d = &document{raw: c.Raw}
		if v.documents == nil {
			v.documents = make(map[*x509.Certificate]*document)
		}
		v.documents[c] = d
	}
	return d
}

// response is the same of the staple.
func (v *verifier) response() *document {
	if v.stapled == nil {
		v.stapled = &document{raw: v.o.Staple, response: true}
	}
	return v.stapled
}

// The places that the checks look at.
const (
	inCert       = "certificate"
	inTBS        = inCert + ".tbs_certificate"
	inSerial     = inTBS + ".serial_number"
	inSubject    = inTBS + ".subject"
	inIssuer     = inTBS + ".issuer"
	inKey        = inTBS + ".subject_public_key_info"
	inExtension  = inTBS + ".extensions.extension"
	inValue      = inExtension + ".extn_value"
	inCA         = inValue + ".basic_constraints.ca"
	inPathLength = inValue + ".basic_constraints.path_len_constraint"
	inResponse   = "ocsp_response"
	inBasic      = inResponse + ".response_bytes.response.basic_ocsp_response"
	inData       = inBasic + ".tbs_response_data"
	inSingle     = inData + ".responses.single_response"
)

func lookSignatureAlgorithm(j *judgement, i int, _ *reason.Error) []Looked {
	return j.fields(i, inCert+".signature_algorithm")
}

func lookSignature(j *judgement, i int, err *reason.Error) []Looked {
	by := i
	if hasIssuer(j, i) {
		by = i + 1
	}
	if err != nil && strings.Contains(err.Field, ".signature_algorithm") {
		return j.fields(i, inCert+".signature_algorithm") // one that is not known
	}
	all := j.looked(Looked{i, inTBS, ""}, Looked{i, inCert + ".signature_algorithm", ""}, Looked{i, inCert + ".signature_value", ""}, Looked{by, inKey, ""})
	if err != nil && strings.HasSuffix(err.Field, "."+CauseNamesAnother) {
		all = append(all, Looked{Cert: i, Path: inValue + ".authority_key_identifier"}, Looked{Cert: by, Path: inValue + ".subject_key_identifier"})
	}
	return all
}

func lookValidity(j *judgement, i int, _ *reason.Error) []Looked {
	return j.fields(i, inTBS+".validity.not_before", inTBS+".validity.not_after")
}

func lookTLSFeature(j *judgement, i int, _ *reason.Error) []Looked {
	const feature = inValue + ".tls_feature"
	all := []Looked{{i, feature, AbsentNoPromise}}
	if hasIssuer(j, i) {
		all = append(all, Looked{i + 1, feature, AbsentNoPromise})
	}
	return all
}

func lookIssuerName(j *judgement, i int, _ *reason.Error) []Looked {
	return j.looked(Looked{i, inIssuer, ""}, Looked{i + 1, inSubject, ""})
}

func lookName(j *judgement, i int, _ *reason.Error) []Looked {
	kind := ".dns_name"
	if parseIP(j.o.ServerName) != nil {
		kind = ".ip_address"
	}
	return j.looked(Looked{i, inValue + ".subject_alt_name" + kind, AbsentNoName})
}

func lookBasicConstraints(j *judgement, i int, _ *reason.Error) []Looked {
	all := j.looked(Looked{i, inCA, AbsentNotCA})
	if !j.certs[i].IsCA { // an anchor of version 1 needs none
		all = append(all, Looked{i, inTBS + ".version", AbsentVersion1})
	}
	return all
}

func lookPathLength(j *judgement, i int, _ *reason.Error) []Looked {
	all := j.fields(i, inPathLength)
	for k := 1; k < i; k++ { // is it self-issued?
		all = append(all, j.fields(k, inSubject, inIssuer)...)
	}
	return all
}

// lookDepth: certificates are counted, and no field says how many there are.
func lookDepth(j *judgement, _ int, _ *reason.Error) []Looked {
	var all []Looked
	for i := range j.certs {
		all = append(all, j.fields(i, inCert)...)
	}
	return all
}

func lookKeyUsage(j *judgement, i int, _ *reason.Error) []Looked {
	all := j.fields(i, inValue+".key_usage")
	if i == 0 && j.o.KeyUsage == 0 { // what is wanted then depends on the kind of key
		all = append(all, Looked{Path: inKey + ".algorithm"})
	}
	return all
}

func lookExtendedKeyUsage(j *judgement, i int, _ *reason.Error) []Looked {
	return j.fields(i, inValue+".ext_key_usage")
}

func lookNameConstraints(j *judgement, i int, _ *reason.Error) []Looked {
	all := []Looked{{i, inSubject, ""}, {i, inValue + ".subject_alt_name", AbsentSubjectAlone}}
	for k := i + 1; k < len(j.certs); k++ {
		if j.constraining()>>k&1 == 1 {
			all = append(all, Looked{Cert: k, Path: inValue + ".name_constraints"})
		}
	}
	return all
}

// lookPolicy: the one check on the leaf is about all below the anchor, from above.
func lookPolicy(j *judgement, _ int, _ *reason.Error) []Looked {
	var all []Looked
	for i := len(j.certs) - 2; i >= 0; i-- {
		all = append(all, Looked{i, inValue + ".certificate_policies", AbsentNoPolicy}, Looked{i, inValue + ".policy_constraints", AbsentNoRequirement})
		if i > 0 {
			all = append(all, Looked{i, inValue + ".policy_mappings", AbsentNoMapping}, Looked{i, inValue + ".inhibit_any_policy", AbsentAnyCounts})
			all = append(all, j.fields(i, inSubject, inIssuer)...)
		}
	}
	return all
}

func lookCriticalExtension(j *judgement, i int, _ *reason.Error) []Looked {
	all := j.looked(Looked{i, inExtension + ".extn_id", AbsentNothing}, Looked{i, inExtension + ".critical", AbsentNotCritical})
	if j.carry().criticalPolicies>>i&1 == 1 {
		all = append(all, Looked{Cert: i, Path: inValue + ".certificate_policies"})
	}
	return all
}

func lookProfile(j *judgement, i int, err *reason.Error) []Looked {
	whole := Looked{i, inCert, ""} // every byte must be in its place
	if err != nil && testEncoding(j, i) != nil {
		return j.looked(whole)
	}
	return j.looked(whole, Looked{i, inIssuer, ""}, Looked{i, inSubject, ""}, Looked{i, inTBS + ".version", AbsentVersion1},
		Looked{i, inValue + ".key_usage", AbsentAnyUse}, Looked{i, inCA, AbsentNotCA}, Looked{i, inPathLength, AbsentNoLimit})
}

func lookPublicKey(j *judgement, i int, _ *reason.Error) []Looked { return j.fields(i, inKey) }

// lookTrustAnchor: an anchor is one that is installed, byte for byte. Of another it is asked who
// issued it, and whether that was itself.
func lookTrustAnchor(j *judgement, i int, _ *reason.Error) []Looked {
	if j.anchored {
		return j.fields(i, inCert)
	}
	return j.fields(i, inSubject, inIssuer)
}
