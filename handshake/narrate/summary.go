package narrate

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Summary is a flow in three sentences, for somebody who knows no TLS.
type Summary struct {
	Happened Sentence // what happened
	Readers  Sentence // who could read what was sent
	WhatIf   Sentence // one thing to try next, and why
}

// In is the three in a language, in their order.
func (s Summary) In(l Lang) [3]string {
	return [3]string{s.Happened.In(l), s.Readers.In(l), s.WhatIf.In(l)}
}

// Summarize says what became of one flow, or of one live connection, by its events: by what
// was played, and not by what was asked for. The events are those of one event.Flow; without
// one they are taken for what an end of a live connection tells.
func Summarize(events []event.Event) Summary {
	s := gather(events)
	return Summary{Happened: s.happened(), Readers: s.readers(), WhatIf: s.whatIf()}
}

// told is a sentence of a summary. Pairs are a placeholder and its value, again and again.
func told(key string, pairs ...any) Sentence {
	out := Sentence{Kind: Summaries, Key: key, Values: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Values[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// is reports whether the flow has this name.
func (s *story) is(name string) bool { return s.flow != nil && s.flow.Name == name }

// attacks reports whether it is an attacker who plays the client.
func (s *story) attacks() bool {
	return s.flow != nil && len(s.flow.Parties) > 0 && s.flow.Parties[0] == "attacker"
}

// happened is what became of the flow.
func (s *story) happened() Sentence {
	x := s.main()
	switch {
	case s.scenes["plain_http"] != nil:
		return told("happened/plain")
	case s.scenes["replay_verdict"] != nil:
		return s.robbed()
	case s.overQUIC() && s.refused() == nil:
		return s.heardOverQUIC(x)
	case s.headless(x):
		return told("happened/headless")
	case x == nil || x.hello == nil:
		return told("happened/silence")
	case s.proxied():
		return s.throughProxy(x)
	case s.is("mitm") && s.flow.Passthrough && s.refused() == nil:
		return told("happened/passthrough", "identity", s.identity(x), "data", s.data())
	case s.is("mitm") && !s.flow.Passthrough:
		return s.intercepted(x)
	case s.attacks():
		return s.attacked(x)
	case s.refused() != nil:
		return s.brokenOff(x)
	case s.staysClosed(x):
		return told("happened/closed", "version", x.version.String())
	case s.hides(x) && !x.finished: // some of it opened
		return told("happened/part", "version", x.version.String())
	case s.recorded() && (x.version == 0 || !x.finished):
		return s.stopped(x)
	case x.version == 0 || !x.finished:
		return told("happened/ended", "data", s.data())
	}
	return s.agreed(x)
}

// agreed is a handshake that came to its end.
func (s *story) agreed(x *exchange) Sentence {
	version := x.version.String()
	switch {
	case x.early && x.earlyTaken:
		return told("happened/early", "version", version)
	case x.early:
		return told("happened/early_passed_over", "version", version, "data", s.sent(x.later, x.reply))
	case x.resumed && x.version == iana.TLS13 && x.given:
		return told("happened/given", "version", version, "data", s.data())
	case x.resumed && x.version == iana.TLS13:
		return told("happened/resumed_psk", "version", version, "data", s.data())
	case x.resumed && x.ticket:
		return told("happened/resumed_ticket", "version", version, "data", s.data())
	case x.resumed:
		return told("happened/resumed_id", "version", version, "data", s.data())
	case x.verdict == clickedAway:
		return told("happened/clicked", "why", why(s.failed.Err), "data", s.data(), "identity", s.identity(x))
	case s.students(x) || x.kx == iana.KxPrivate:
		return told("happened/own", "version", version, "identity", s.identity(x), "data", s.data())
	case x.kx == iana.KxRSA:
		return told("happened/rsa", "version", version, "identity", s.identity(x), "data", s.data())
	}
	key := "happened/fresh"
	if x.retry {
		key = "happened/retried"
	}
	return told(key, "version", version, "exchange", x.exchanged(), "identity", s.identity(x), "data", s.data())
}

// staysClosed reports whether x was overheard, and what its ends said under keys opened to nobody here.
func (s *story) staysClosed(x *exchange) bool {
	request, reply := s.went()
	return s.hides(x) && !x.finished && !request && !reply
}

// overQUIC reports whether the story is of a recording of QUIC: a listener's, who hears the hellos.
func (s *story) overQUIC() bool {
	return s.scenes["quic_keys"] != nil || s.scenes["quic_closed"] != nil
}

// heardOverQUIC is what became of such a connection.
func (s *story) heardOverQUIC(x *exchange) Sentence {
	switch {
	case x == nil || x.hello == nil:
		return told("happened/quic_silence")
	case x.version == 0:
		return told("happened/quic_unanswered")
	}
	return told("happened/quic", "version", x.version.String())
}

// students reports whether a connection's group is a student's own.
func (s *story) students(x *exchange) bool {
	own := s.scenes["own_exchange"]
	return own != nil && x.group.Name != "" && text(valueOf(own, "group")) == x.group.Name
}

// exchanged names the key exchange, which TLS 1.2 has several of. The group is left for its
// message: its name says nothing to somebody who knows no TLS.
func (x *exchange) exchanged() Sentence {
	if x.version == iana.TLS13 {
		return Sentence{}
	}
	return told("happened/exchange", "kx", x.kx.String())
}

// identity is what was found out about who the ends are.
func (s *story) identity(x *exchange) Sentence {
	key := "shown"
	switch {
	case x.verdict == clickedAway || x.verdict == notAsked || x.verdict == refused:
		key = "unknown"
	case x.verdict == believed && x.mutual && x.host != "":
		key = "both"
	case x.verdict == believed:
		key = "proved"
	case x.mutual:
		return told("identity/client")
	}
	if x.host == "" {
		return told("identity/" + key + "+nameless")
	}
	return told("identity/"+key, "host", x.host)
}

// data is what was sent once there were keys.
func (s *story) data() Sentence {
	request, reply := s.went()
	return s.sent(request, reply)
}

// sent says so of what is known to have gone from the client, and from the server.
func (s *story) sent(request, reply bool) Sentence {
	x := s.main()
	key := "nothing"
	switch {
	case request && reply:
		key = "both"
	case request:
		key = "request"
	case reply:
		key = "reply"
	}
	end := s.raw(request)
	switch {
	case key != "both" && s.hides(x):
		key += "+closed"
	case key != "both" && s.incomplete():
		key += "+missing"
	case key != "nothing" && x.open():
		key += "+open"
	}
	said := told("data/" + key + end)
	if s.unkept {
		return told("data/unkept", "data", said)
	}
	return said
}

// raw ends the key of a sentence about what went from the client, if it does not look like a request.
func (s *story) raw(request bool) string {
	if request && !slices.ContainsFunc(s.conns, func(x *exchange) bool { return x.asked }) {
		return "+raw"
	}
	return ""
}

// refused is why an end broke off, or nil.
func (s *story) refused() error {
	switch {
	case s.outcome != nil && s.outcome.Refused != "":
		return s.outcome.Err
	case s.outcome != nil:
		return nil
	case s.refusal != nil:
		return s.refusal.Err
	case s.scenes["recording_ended"] != nil:
		if _, _, known := s.refusedBy(); !known { // what an end says to one that has gone is no refusal
			return nil
		}
		return reason.New(reason.PeerAlert, "", "", nil, nil)
	case s.heard != nil:
		return reason.New(reason.PeerAlert, "", "", nil, nil)
	}
	return nil
}

// why is a reason for somebody who knows no TLS: its title, or what stands for it in a summary.
func why(err error) Sentence {
	if key := "why/" + reason.Of(err).String(); has(Summaries, key) {
		return told(key)
	}
	return titled(err)
}

// titled is the title of a reason.
func titled(err error) Sentence { return Sentence{Kind: Reason, Key: ReasonKey(err)} }

// refuser is the party that broke off.
func (s *story) refuser() string {
	switch {
	case s.outcome != nil:
		return s.outcome.Refused
	case s.refusal != nil:
		return s.refusal.Party
	}
	return ""
}

// who is a party, by its name or else by its part.
func who(party string, x *exchange) Sentence {
	switch {
	case has(Summaries, "who/"+party):
		return told("who/" + party)
	case party == x.server:
		return told("who/server")
	case party == x.client:
		return told("who/client")
	}
	return told("who/other")
}

// brokenOff is a handshake, or a connection, that an end refused to go on with.
func (s *story) brokenOff(x *exchange) Sentence {
	err := s.refused()
	if by, alert, known := s.refusedBy(); known {
		return told("happened/refused_by", "who", who(by, x), "alert", alert.String(), "then", s.then())
	}
	if s.outcome == nil && s.refusal == nil && s.recorded() {
		by := x.client
		if s.heard.Party == x.client { // it has received it
			by = x.server
		}
		return told("happened/refused_by", "who", who(by, x), "alert", s.heard.Description.String(), "then", s.then())
	}
	if s.outcome == nil && s.refusal == nil {
		return told("happened/peer_refused", "alert", s.heard.Description.String(), "then", s.then())
	}
	pairs := []any{"who", who(s.refuser(), x), "why", why(err), "then", s.then()}
	r := reason.Of(err)
	switch {
	case s.refuser() == x.server && (r == reason.CertificateRequired || r == reason.CertificateMissing):
		return told("happened/refused_client", pairs...)
	case s.refuser() == x.client && s.failed != nil && s.failed.What == event.CheckCertificateChain && s.failed.Party == x.client:
		if x.host == "" {
			return told("happened/refused_chain+nameless", pairs...)
		}
		return told("happened/refused_chain", append(pairs, "host", x.host)...)
	case slices.Contains(disagreements, r):
		return told("happened/refused_hello", pairs...)
	}
	return told("happened/refused", pairs...)
}

// disagreements are the reasons for which two ends find nothing that suits both.
var disagreements = []reason.Reason{reason.UnsupportedVersion, reason.NoCommonSuite, reason.NoCommonGroup, reason.NoCommonField,
	reason.NoCommonScheme, reason.NoCommonCompression, reason.NoCommonProtocol}

// then is what a refusal meant for what was to be sent.
func (s *story) then() Sentence {
	request, reply := s.went()
	switch {
	case request && reply:
		return told("then/later" + s.raw(request))
	case request:
		return told("then/request" + s.raw(request))
	}
	return told("then/nothing")
}

// intercepted is a flow with an interceptor who ends the client's connection.
func (s *story) intercepted(x *exchange) Sentence {
	err := s.refused()
	pairs := []any{"then", s.then(), "host", x.host, "hands", s.hands()}
	if err != nil {
		pairs = append(pairs, "why", why(err), "who", who(s.refuser(), x))
	}
	fooled := x.verdict == believed || x.verdict == clickedAway
	switch {
	case err != nil && s.refuser() == "client":
		return told("happened/mitm_refused", pairs...)
	case err != nil && s.careful():
		return told("happened/mitm_careful", pairs...)
	case err != nil && s.refuser() == "server" && fooled:
		return told("happened/mitm_unproved", pairs...)
	case err != nil:
		return told("happened/mitm_broken", pairs...)
	case x.verdict == clickedAway:
		return told("happened/mitm_clicked", append(pairs, "why", why(s.failed.Err))...)
	case s.scenes["mitm_root+stolen"] != nil:
		return told("happened/mitm_stolen", pairs...)
	case s.scenes["mitm_rewrite"] != nil:
		return told("happened/mitm_changed", pairs...)
	}
	return told("happened/mitm_believed", pairs...)
}

// careful reports whether an interceptor found the real server's chain bad.
func (s *story) careful() bool {
	return s.refuser() == "mitm" && s.failed != nil && s.failed.Report != nil && s.failed.Party == "mitm"
}

// proxied reports whether the flow is a connection that a proxy recorded.
func (s *story) proxied() bool {
	return s.is("proxy_both") || s.is("proxy_to_client") || s.is("proxy_no_keys")
}

// throughProxy is such a connection.
func (s *story) throughProxy(x *exchange) Sentence {
	if x.version == 0 || !x.finished || s.is("proxy_no_keys") {
		return told("happened/proxy_broken", "data", s.data())
	}
	host := x.host
	if host == "" {
		host = s.flow.Host
	}
	return told("happened/"+s.flow.Name, "host", host, "data", s.data(), "version", x.version.String(), "exchange", x.exchanged())
}

// hands is what came into an interceptor's hands.
func (s *story) hands() Sentence {
	switch request, reply := s.went(); {
	case request && reply:
		return told("hands/both")
	case request || reply:
		return told("hands/request")
	}
	return told("hands/nothing")
}

// attacked is a flow of an attacker who has something of a session.
func (s *story) attacked(x *exchange) Sentence {
	err := s.refused()
	acted := s.scenes["early_data_acted"]
	switch {
	case acted != nil:
		return told("happened/replayed", "times", valueOf(acted, "times"))
	case s.is("replayed_early_data"):
		return told("happened/replayed_in_vain")
	case s.is("captured_session") && err != nil:
		return told("happened/captured_session", "why", why(err))
	case err != nil:
		return told("happened/refused", "why", why(err), "who", who(s.refuser(), x), "then", s.then())
	case s.is("stolen_master"):
		return told("happened/stolen_master")
	case s.is("stolen_psk"):
		return told("happened/stolen_psk")
	}
	return told("happened/ended", "data", s.data())
}

// robbed is an attack on the bank.
func (s *story) robbed() Sentence {
	verdict := s.scenes["replay_verdict"]
	return told("happened/replay_"+text(valueOf(verdict, "outcome")),
		"attack", Sentence{Kind: UI, Key: "replay_attack." + text(valueOf(verdict, "attack"))})
}

// valueOf is a value of a scene by its name, or nil.
func valueOf(s event.Scene, name string) any {
	for _, v := range s.Values() {
		if v.Name == name {
			return v.Value
		}
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
