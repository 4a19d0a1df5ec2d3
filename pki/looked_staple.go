package pki

import (
	"slices"
	"strings"

	"tlslab/handshake/reason"
)

// stapleStage is a step of checkStaple, by the field that a refusal there names.
type stapleStage struct {
	fault string
	looks []Looked
}

// stapleStages are the steps, in order.
var stapleStages = []stapleStage{
	{"response", []Looked{{Stapled, inResponse, ""}}},
	{"response_status", []Looked{{Stapled, inResponse + ".response_status", ""}}},
	{"response_type", []Looked{{Stapled, inResponse + ".response_bytes.response_type", ""}}},
	{"version", []Looked{{Stapled, inData + ".version", AbsentVersion1}}},
	{"cert_id", []Looked{{Stapled, inSingle + ".cert_id", ""}, {0, inSerial, ""}, {0, inIssuer, ""}, {theIssuer, inKey + ".subject_public_key", ""}}},
	{"responder", []Looked{
		{Stapled, inData + ".responder_id.by_name", ""}, {theIssuer, inSubject, ""}, {Stapled, inData + ".responder_id.by_key", ""},
		{Stapled, inBasic + ".certs", AbsentIssuerSigned}}},
	{"signature", []Looked{{Stapled, inBasic + ".signature_algorithm", ""}, {Stapled, inData, ""}, {Stapled, inBasic + ".signature", ""}}},
	{"extensions", []Looked{{Stapled, inData + ".response_extensions", AbsentNothing}, {Stapled, inSingle + ".single_extensions", AbsentNothing}}},
	{"cert_status", []Looked{{Stapled, inSingle + ".cert_status.good", ""}, {Stapled, inSingle + ".cert_status.revoked", ""}, {Stapled, inSingle + ".cert_status.unknown", ""}}},
	{"this_update", []Looked{{Stapled, inSingle + ".this_update", ""}}},
	{"next_update", []Looked{{Stapled, inSingle + ".next_update", AbsentNoEnd}}},
	{"produced_at", []Looked{{Stapled, inData + ".produced_at", ""}}},
}

// theIssuer stands in stapleStages for the certificate of whoever issued the leaf.
const theIssuer = 1

// lookStaple: a step that was not reached looked at nothing.
func lookStaple(j *judgement, _ int, err *reason.Error) (all []Looked) {
	if len(j.o.Staple) == 0 {
		return nil
	}
	refused := ""
	if err != nil {
		refused, _, _ = strings.Cut(strings.TrimPrefix(err.Field, "certificate_status."), ".")
		if !slices.ContainsFunc(stapleStages, func(s stapleStage) bool { return s.fault == refused }) {
			refused = "signature" // an algorithm, or a key that does not fit it
		}
	}
	status, _ := j.status()
	issuers := status != nil && status.responder == j.signer(0)
	for _, stage := range stapleStages {
		for _, l := range stage.looks {
			switch {
			case l.Absent == AbsentIssuerSigned && issuers:
				continue // the name or the key was the issuer's, and nobody asked further
			case l.Path == inSubject && status != nil && !status.byName:
				continue // the responder is named by its key
			}
			if l.Cert == theIssuer && !hasIssuer(j, 0) {
				l.Cert = 0 // an anchor answers for itself
			}
			all = append(all, l)
		}
		if refused == stage.fault {
			break
		}
	}
	return all
}
