// Package transcript is the JSON document about handshakes, as Go types: what tlslab's
// --format json writes, and what a program reads that marks a student's run, draws a page or
// looks for a message. Such a program needs this package and no other.
//
// A document of version 1 is
//
//	{"tlslab": 1, "seed": "1", "flows": [{
//	  "name": "rsa", "parties": ["client", "server"],
//	  "events": [{
//	    "seq": 12, "party": "client", "dir": "send", "kind": "message", "name": "client_hello",
//	    "ref": "RFC 5246 §7.4.1.2", "bytes": "010000…",
//	    "fields": [{"path": "client_hello.client_version", "off": 4, "len": 2,
//	                "value": {"hex": "0x0303", "name": "TLS 1.2", "value": 771}, "ref": "…"}]}],
//	  "outcome": {"done": true, "intended": false, "refused": "", "received": "HTTP/1.1 200 OK…"}}]}
//
// Every event has seq (through all parties), party, kind, name, and conn, time, state
// and move. What else it has depends on its kind; what is empty is left out, except
// where that would hide an answer:
//
//	message     dir, ref, bytes (header included), fields in wire order (groups have no value), to (state),
//	            inside [{path, off, len, fields}] (certificates and OCSP responses in it, down to each byte),
//	            flight {n, of} (of: left out as long as nobody knows; all of it: of no handshake), nth, records
//	record      dir, bytes (as on the wire), version, epoch, keys, sequence, protected, payload, steps [{name, bytes}], messages,
//	            fields (of bytes: record.type, record.version, record.length, record.fragment and what it is made of)
//	secret      bytes (its value), op, method, hash, tag, inputs [{name, bytes, private, from (the name of the
//	            secret that it is: see Input)}], version, exchange (TLS 1.2's), group (of one that a group made)
//	decision    chosen, among, why
//	check       ok, op, method, inputs, report, error
//	key_change  dir, epoch, keys, suite
//	alert       dir, level, error (of the end that refused)
//	data        dir, bytes, frames (of HTTP/2, those that end in it: a line each)
//	stop        legal [{dir, message, version (of its row; of neither: left out), to, guarded, when, ref}]
//	scene       values [{name, value}]
//
// Where a value of a scene, or what was received, is a conversation in HTTP/2, it stands
// there as its frames too, a line each.
//
// A message and its records point at each other. nth counts the messages that a party sent,
// or received, over a connection, from 1. messages, of a record, are the nth of those that
// it carried, whole or in part; records, of a message, are the seq of the records that
// carried it. Both have the same party, conn and dir; Flow.Messages and Flow.Records follow
// them. A record may carry a message that no event tells of: one that was refused, or whose
// end never came. What a record carried that a listener could not open is not known.
//
// A scene "onlooked" has what each onlooker made of records that have just gone by: to_server,
// first (the number of the first of them in its direction of its connection, from 1), records
// [{wire, by [{onlooker, access}]}]; access is "reads", "sealed" or "reads_later". Its conn and
// party are those of who sent them. With again, the records stand in an earlier one, too, and
// somebody can read more of them since: what comes last holds.
//
// keys are "clear", "early", "handshake" or "application" (TLS 1.2's one set): what
// protects, which epoch, a count of changes, does not tell.
//
// name is the name of a message or an alert, the content type of a record, the label of a
// secret, what was decided or checked, or the key of a scene: all in snake_case. dir is "send" or
// "recv". Bytes are hex strings. A number from a registry is {hex, name, value}.
// An error is {reason, ref, field, off, want, got, alert, message}; off is -1 where no
// byte is to blame. A report is {ok, chosen, paths [{subjects, fingerprints, anchored, checks
// [{key, cert, ok, ref, inputs, error, fields [{cert, path, absent}]}], notes, states, error}],
// rejected [{subject, fingerprint, for, reason}]}. fields are what a check looked at, by the paths
// of package pki/der: cert is an index in the path, or -1 for the stapled response.
// A value of a scene that has parts is an object of them.
//
// A document about a replay has "replay" beside its flows: see Replay. What compares whole
// handshakes, or tells of every combination, is a document of its own: Comparison,
// MITMMatrix, ReplayMatrix. So is what the verifier made of a chain from a file: Verification.
//
// Programs should ignore members and kinds that they do not know: they may be added within
// version 1. This package does, and so what it read and writes again lacks them.
//
// A Writer is an event.Listener that writes while things happen: whatever becomes of the
// program, what it has written ends behind an event, and at worst within the last. Decode
// then returns the whole ones, and ErrCutOff. A Decoder reads event by event, in as much
// memory as the largest takes.
//
// The package prints nothing and explains nothing: package narrate has the words, and package
// render shows events to people. Read document.go first, then write.go and read.go.
package transcript
