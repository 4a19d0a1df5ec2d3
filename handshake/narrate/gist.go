package narrate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// asCaption stands in short.txt where the caption beside a message's name has said it all.
const asCaption = "-"

// Gist is what a move means beside its caption, in at most two sentences: a text of its own, or
// the first two sentences of the move's text; "" where the caption has said it all.
func Gist(l Lang, key string) string {
	if e, ok := Get(l, Short, key); ok {
		if e.Title == asCaption {
			return ""
		}
		return e.Title
	}
	e, _ := Get(l, Move, key)
	if e.Text == "" {
		return e.Title
	}
	return FirstSentences(e.Text, 2)
}

// MythGist is what is true instead of a myth, in at most two sentences: a text of its own, or the
// first sentence of the myth's text, and the second where both together are short or the first says little.
func MythGist(l Lang, key string) string {
	if e, ok := Get(l, Short, "myth/"+key); ok {
		return e.Title
	}
	e, _ := Get(l, Myth, key)
	one, two := FirstSentences(e.Text, 1), FirstSentences(e.Text, 2)
	little, short := 40, 150 // letters; a Chinese character says as much as two
	if l == Zh {
		little, short = little/2, short/2
	}
	if n := utf8.RuneCountInString(two); n <= short || utf8.RuneCountInString(one) < little {
		return two
	}
	return one
}

// FirstSentences is the beginning of a text: at most n sentences. A full stop ends one where a space
// and a capital letter come behind it, or nothing; the Chinese one always. So does neither in
// "§4.2.3", nor in "TLS 1.3".
func FirstSentences(text string, n int) string {
	rs := []rune(text)
	for i, r := range rs {
		ends := false
		switch r {
		case '。', '！', '？':
			ends = i+1 >= len(rs) || !strings.ContainsRune("”』）", rs[i+1])
		case '.', '!', '?':
			ends = i+1 == len(rs) || rs[i+1] == ' ' && i+2 < len(rs) && strings.ToUpper(string(rs[i+2])) == string(rs[i+2])
		}
		if ends {
			if n--; n == 0 {
				return string(rs[:i+1])
			}
		}
	}
	return text
}

// foremost are the corrections that belong to some lessons and not to all, those that fewest have first.
var foremost = []string{
	"trusted_is_safe", "pinning", "mutual_tls_mitm", "ems_interception",
	"stapling_expiry", "redirect_to_https", "http2_needs_https", "http3_zero_rtt", "http3_no_retransmit",
	"captured_id_replay", "stolen_master_after_expiry", "psk_dhe_ke_harmless", "expiry_stops_replay", "ticket_in_clear",
	"psk_immediate", "session_id_no_handshake",
	"hidden_certificate", "ecdhe_stops_mitm", "certificate_encrypts_session_key", "three_randoms", "ticket_holds_session_key", "tls13_is_tls12",
	"forward_secrecy_hard_problem",
}

// MythRank orders what Myths returns by how much it is about the lesson at hand, 1 the most; it
// is 0 for what is about all lessons alike.
func MythRank(key string) int { return slices.Index(foremost, key) + 1 }
