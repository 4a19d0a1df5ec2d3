package relay

import (
	"net/http"
	"strconv"
)

// Rule is what a message broke, so that it does not go on. It is a stable key.
type Rule string

// The rules.
const (
	RuleNotHTTP          Rule = "not_http"
	RuleTLSAlert         Rule = "tls_alert" // what answers is TLS
	RuleStartLine        Rule = "start_line"
	RuleHeadTooLong      Rule = "head_too_long"
	RuleBareLF           Rule = "bare_lf"
	RuleBareCR           Rule = "bare_cr"
	RuleNUL              Rule = "nul"
	RuleFold             Rule = "fold"
	RuleSpaceBeforeColon Rule = "space_before_colon"
	RuleFieldName        Rule = "field_name"
	RuleLength           Rule = "length"
	RuleTwoLengths       Rule = "two_lengths"
	RuleLengthAndCoding  Rule = "length_and_coding"
	RuleCoding           Rule = "coding"
	RuleCodingInHTTP10   Rule = "coding_in_http10"
	RuleTwoHosts         Rule = "two_hosts"
	RuleConnection       Rule = "connection"
	RuleNoUpgrade        Rule = "no_upgrade"
	RuleChunk            Rule = "chunk"
	RuleTrailer          Rule = "trailer"
	RulePreface          Rule = "preface"
	RuleFrame            Rule = "frame"
	RuleCompression      Rule = "compression"
	RuleContentCoding    Rule = "content_coding"
	RuleStreams          Rule = "streams"   // more at a time than are kept
	RuleAllHeads         Rule = "all_heads" // of all streams
	RulePseudo           Rule = "pseudo_field"
	RuleField2           Rule = "field"
	RuleBodyLength       Rule = "body_length"
	RuleExtraneous       Rule = "extraneous"
	RuleMalformed        Rule = "malformed_streams" // more than are refused one by one
	RuleUntranslatable   Rule = "untranslatable"
)

// rules says of each what it wants, and where that is written.
var rules = map[Rule]struct{ text, ref string }{
	RuleNotHTTP:          {"what came does not begin as HTTP/1.1 does", "RFC 9112 §2.1"},
	RuleTLSAlert:         {"what answers plain HTTP is an alert of TLS", "RFC 9112 §2.1"},
	RuleStartLine:        {"the first line is none of HTTP/1.1", "RFC 9112 §3, §4"},
	RuleHeadTooLong:      {"the head is longer than the proxy takes", "RFC 9110 §5.4"},
	RuleBareLF:           {"a line does not end in CR LF", "RFC 9112 §2.2"},
	RuleBareCR:           {"a CR stands within a line", "RFC 9112 §2.2"},
	RuleNUL:              {"a NUL stands within a line", "RFC 9110 §5.5"},
	RuleFold:             {"a line continues the one before", "RFC 9112 §5.2"},
	RuleSpaceBeforeColon: {"white space stands between a field's name and its colon", "RFC 9112 §5.1"},
	RuleFieldName:        {"a line has no name of a field", "RFC 9110 §5.1"},
	RuleLength:           {"Content-Length is no number", "RFC 9112 §6.3"},
	RuleTwoLengths:       {"two lengths of the body: Content-Length differs from Content-Length", "RFC 9112 §6.3"},
	RuleLengthAndCoding:  {"Content-Length beside Transfer-Encoding, which two readers may read in two ways", "RFC 9112 §6.3"},
	RuleCoding:           {"Transfer-Encoding does not say where the body ends", "RFC 9112 §6.3"},
	RuleCodingInHTTP10:   {"Transfer-Encoding in HTTP/1.0, which knows none", "RFC 9112 §6.1"},
	RuleTwoHosts:         {"Host more than once", "RFC 9112 §3.2"},
	RuleConnection:       {"Connection has an option that is no token", "RFC 9110 §7.6.1"},
	RuleNoUpgrade:        {"101 to a request that asked for no upgrade", "RFC 9110 §15.2.2"},
	RuleChunk:            {"the lines between the chunks are none", "RFC 9112 §7.1"},
	RulePreface:          {"HTTP/2 was agreed on, and what came does not begin so", "RFC 9113 §3.4"},
	RuleFrame:            {"what came is no frame of HTTP/2, or not where it may stand", "RFC 9113 §4"},
	RuleCompression:      {"the fields cannot be uncompressed", "RFC 9113 §4.3"},
	RuleContentCoding:    {"the body is not in the coding that Content-Encoding names", "RFC 9110 §8.4"},
	RuleStreams:          {"more streams are open at a time than the proxy takes", "RFC 9113 §5.1.2"},
	RuleAllHeads:         {"the heads of all streams together are longer than the proxy keeps", "RFC 9113 §10.5.1"},
	RulePseudo:           {"the fields that stand for the first line are not as they must be", "RFC 9113 §8.3"},
	RuleField2:           {"HTTP/2 has no such field", "RFC 9113 §8.2"},
	RuleBodyLength:       {"the body is not as long as Content-Length says", "RFC 9113 §8.1.1"},
	RuleExtraneous:       {"a frame stands where the message has no place for it", "RFC 9113 §8.1"},
	RuleMalformed:        {"more messages were malformed than the proxy refuses one by one", "RFC 9113 §10.5"},
	RuleUntranslatable:   {"the other version of HTTP, to which this is translated, has no words for it", "RFC 9110 §15.6.2"},
	RuleTrailer:          {"a trailer has a field that may only stand in the head", "RFC 9110 §6.5.1"},
}

// Rules lists every Rule.
func Rules() []Rule {
	return []Rule{RuleNotHTTP, RuleTLSAlert, RuleStartLine, RuleHeadTooLong, RuleBareLF, RuleBareCR, RuleNUL, RuleFold, RuleSpaceBeforeColon, RuleFieldName,
		RuleLength, RuleTwoLengths, RuleLengthAndCoding, RuleCoding, RuleCodingInHTTP10, RuleTwoHosts, RuleConnection, RuleNoUpgrade, RuleChunk, RuleTrailer, RulePreface, RuleFrame, RuleCompression, RuleContentCoding,
		RuleStreams, RuleAllHeads, RulePseudo, RuleField2, RuleBodyLength, RuleExtraneous, RuleMalformed, RuleUntranslatable}
}

// Refusal is a message that does not go on: who sent it, and which rule it broke.
type Refusal struct {
	From   Side
	Rule   Rule
	Detail string // the part that broke it, quoted; "" if there is no more to say
	Limit  int    // of a rule of the relay's own: how much it takes; 0 for the others
	Alone  bool   // it ended its stream of HTTP/2, and the connection goes on

	behind bool // it stood behind END_STREAM
}

// Error says what was wrong, and where it is written that it is.
func (r *Refusal) Error() string {
	about := rules[r.Rule]
	s := about.text
	if r.Limit > 0 {
		s += ", which is " + strconv.Itoa(r.Limit)
	}
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s + " (" + about.ref + ")"
}

// Ref is the section that has the rule.
func (r *Refusal) Ref() string { return rules[r.Rule].ref }

// Status is what to answer a client with.
func (r *Refusal) Status() int {
	switch {
	case r.From == Server:
		return http.StatusBadGateway
	case r.Rule == RuleHeadTooLong:
		return http.StatusRequestHeaderFieldsTooLarge
	case r.Rule == RuleUntranslatable:
		return http.StatusNotImplemented
	}
	return http.StatusBadRequest
}
