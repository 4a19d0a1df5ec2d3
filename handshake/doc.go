// Package handshake is a TLS endpoint that can be walked one move at a time.
//
// An Endpoint has no sockets, no goroutines and no clock of its own: Feed it what
// the peer sent, Step it, carry its Output to the peer. What may happen in which
// state is a table of moves for each role and version; the driver in endpoint.go is
// all that reads it. Everything that happens is told to a Listener as events (package
// event); the engine prints nothing.
//
// It is not a net.Conn (package tls has that face) and explains nothing (package
// narrate does).
//
// Read client12.go or client13.go first: the table at its top is that version's handshake,
// and its handlers stand below it. client.go and server.go are how it begins, before a
// version is settled. rows.md has all rows by message, with what does them.
//
// The other files are named by what they are about. The driver: endpoint, table, channel
// (bytes and records), messages, transcript, alert, ending, data, limits, tell. What both
// versions do: clienthello, choices (a server's), trust, keyusage, verdict (chains), proof
// (signatures), keylog, exporter, fault. What one version does: schedule, tell, choices,
// serverhello, certificate and resume with its number behind; keyexchange12, falsestart and
// hellorequest of TLS 1.2; psk13, early, keyupdate and compatibility of TLS 1.3.
//
// # For those who know crypto/tls
//
// The fields of its Config, and where here is what they are for: a field of Config if no type
// or package stands before the name. "none" says why there is nothing.
//
//	Rand                                  Rand
//	Time                                  Time
//	Certificates                          Certificates
//	NameToCertificate                     Certificates: the first that fits and bears the name asked for
//	GetCertificate                        ForClient: it gives a Config, with a certificate in it
//	GetClientCertificate                  ClientCertificate
//	GetConfigForClient                    ForClient
//	VerifyPeerCertificate                 VerifyChain: in the place of the verifier, not behind it; pki.Verify is there to be called first
//	VerifyConnection                      VerifyConnection
//	RootCAs                               Roots: at a client
//	NextProtos                            ALPN
//	ServerName                            ServerName
//	ClientAuth                            ClientAuth: RequestClientCert is VerifyClientCertIfGiven, RequireClientCert is RequireAndVerifyClientCert. Whoever will not verify has VerifyChain
//	ClientCAs                             Roots: at a server
//	InsecureSkipVerify                    Weak.SkipVerify
//	CipherSuites                          Suites: of TLS 1.3, too
//	PreferServerCipherSuites              SuiteOrder: crypto/tls heeds its own field no longer
//	SessionTicketsDisabled                Tickets, NoTickets: a server without the first gives none, a client with the second asks for none
//	SessionTicketKey                      Tickets: session.NewGivenTicketKeys takes the keys that the caller has; others change by age
//	ClientSessionCache                    Sessions
//	UnwrapSession                         Tickets, Sessions: what a session.Session holds is public, where it is kept is a session.Store
//	WrapSession                           Tickets, Sessions: as UnwrapSession
//	MinVersion                            MinVersion: from TLS 1.2
//	MaxVersion                            MaxVersion
//	CurvePreferences                      Groups: in this order, which crypto/tls does not promise; KeyShares says of which a share goes out at once
//	DynamicRecordSizingDisabled           MaxSendFragment: records do not begin small and grow; there is one size for all of them
//	Renegotiation                         none: a peer that asks for it hears no_renegotiation (RFC 5246 §7.2.2); TLS 1.3 has dropped it
//	KeyLogWriter                          KeyLog
//	EncryptedClientHelloConfigList        none: Encrypted Client Hello is not spoken; its extension is one more that is not known
//	EncryptedClientHelloRejectionVerify   none: as EncryptedClientHelloConfigList
//	EncryptedClientHelloKeys              none: as EncryptedClientHelloConfigList
//	GetEncryptedClientHelloKeys           none: as EncryptedClientHelloConfigList
//
// Of its Certificate, Certificate and PrivateKey are Certificate.Chain and Certificate.Key,
// OCSPStaple is Certificate.Staple, SignedCertificateTimestamps is Certificate.Timestamps, and
// SupportedSignatureAlgorithms is Certificate.Schemes.
package handshake
