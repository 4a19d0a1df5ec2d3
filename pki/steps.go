package pki

// IssueStep is one step of getting a certificate, with the values it handled: package
// authority takes the steps, and a caller that only tells of them does not need that
// package.
type IssueStep struct {
	Key    string // one of StepKeys
	Ref    string
	OK     bool
	Inputs []Input
}

// The steps of issuing, in order.
const (
	StepCSR        = "csr"                 // what the server asks for, and with which key
	StepPossession = "proof_of_possession" // the request is signed by the key it names
	StepTBS        = "tbs"                 // the authority fills in the to-be-signed part
	StepHash       = "tbs_hash"            // and hashes it (EdDSA hashes inside the signature)
	StepSign       = "sign"                // and signs
	StepChain      = "chain"               // leaf and intermediates go back; the root stays home
)

// StepKeys lists the keys of every step.
func StepKeys() []string {
	return []string{StepCSR, StepPossession, StepTBS, StepHash, StepSign, StepChain}
}
