package lab

import (
	"tlslab/handshake/narrate"
	"tlslab/handshake/switches"
)

// Opening is a lesson to begin with: a question that learners have, and the switches that answer
// it.
type Opening struct {
	Key    string // narrate's "lesson/" and this
	Lesson switches.Lesson
	// Beside is the same lesson as the other half of a pair has it; nil where one run answers.
	Beside *switches.Lesson
}

// Openings lists them, in the order in which a course would take them.
func Openings() []Opening {
	on13 := func(l switches.Lesson) switches.Lesson { l.TLS = "1.3"; return l }
	pair := func(l switches.Lesson) *switches.Lesson { return &l }
	return []Opening{
		{Key: "plain", Lesson: on13(switches.Lesson{Plain: true})},
		{Key: "randoms", Lesson: switches.Lesson{Kx: "rsa", NoEMS: true}},
		{Key: "stolen-key", Lesson: switches.Lesson{Kx: "rsa"}, Beside: pair(switches.Lesson{Kx: "ecdhe"})},
		{Key: "saved", Lesson: switches.Lesson{Kx: "ecdhe"}, Beside: pair(on13(switches.Lesson{}))},
		{Key: "retry", Lesson: switches.Lesson{HelloRetry: true, Cookie: true}},
		{Key: "quantum", Lesson: switches.Lesson{Group: []string{"X25519MLKEM768"}}},
		{Key: "expired", Lesson: on13(switches.Lesson{Cert: "expired"}), Beside: pair(on13(switches.Lesson{Cert: "expired", ClickThrough: true}))},
		{Key: "whose", Lesson: on13(switches.Lesson{Cert: "wrong.host"})},
		{Key: "revoked", Lesson: on13(switches.Lesson{Staple: "revoked"})},
		{Key: "capture", Lesson: on13(switches.Lesson{MITM: true}), Beside: pair(on13(switches.Lesson{TrustMITM: true}))},
		{Key: "pin", Lesson: on13(switches.Lesson{TrustMITM: true, Pin: true})},
		{Key: "mutual", Lesson: on13(switches.Lesson{TrustMITM: true, ClientAuth: true})},
		{Key: "ticket", Lesson: switches.Lesson{Resume: "psk"}},
		{Key: "early", Lesson: switches.Lesson{Resume: "0rtt"}},
		{Key: "integrity", Lesson: on13(switches.Lesson{Cipher: []string{"TLS_SHA256_SHA256"}})},
	}
}

// Question is the opening as a question in a language, from a seed.
func (o Opening) Question(lang narrate.Lang, seed string) Question {
	q := Question{Lang: lang, Lesson: o.Lesson}
	q.Lesson.Seed = seed
	if o.Beside != nil {
		q.Beside = besideOf(o.Lesson, *o.Beside)
	}
	return q
}
