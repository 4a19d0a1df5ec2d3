package explain

import (
	"encoding/hex"
	"time"

	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/quic"
)

// entry is a connection as a line of JSON.
type entry struct {
	N          int       `json:"n"`
	Began      time.Time `json:"began"`
	Ended      time.Time `json:"ended"`
	Packet     int       `json:"packet"`
	Client     string    `json:"client"`
	Server     string    `json:"server"`
	Midway     bool      `json:"midway,omitempty"`
	Carrier    string    `json:"carrier,omitempty"`
	Target     string    `json:"target,omitempty"`
	Random     string    `json:"client_random,omitempty"`
	ServerName string    `json:"server_name,omitempty"`
	Version    string    `json:"version,omitempty"`
	Suite      string    `json:"cipher_suite,omitempty"`
	Group      string    `json:"group,omitempty"`
	Exchange   string    `json:"exchange,omitempty"`
	ALPN       string    `json:"alpn,omitempty"`
	Resumed    bool      `json:"resumed,omitempty"`
	Session    int       `json:"resumes_connection,omitempty"`
	Versions   []string  `json:"versions_offered,omitempty"`
	Early      bool      `json:"early_data_offered,omitempty"`
	Outcome    outcome   `json:"outcome"`
	Opens      opens     `json:"opens"`
	Chain      *verdict  `json:"chain,omitempty"`
	Missing    [2]int64  `json:"missing"`
	Bytes      [2]int64  `json:"bytes"`
	Transport  string    `json:"transport,omitempty"`
	Offered    []string  `json:"alpn_offered,omitempty"`
	QUIC       *overQUIC `json:"quic,omitempty"`
	Readers    []reader  `json:"readers,omitempty"`
}

// overQUIC is what QUIC adds. Packets are the client's and the server's, by type.
type overQUIC struct {
	Version  string            `json:"version"`
	First    string            `json:"first_version,omitempty"`
	DCID     string            `json:"original_destination_connection_id,omitempty"`
	Retried  bool              `json:"retried,omitempty"`
	Versions []string          `json:"versions_offered,omitempty"`
	Packets  [2]map[string]int `json:"packets"`
	Opened   [2]int            `json:"initial_packets_opened"`
	Close    *closed           `json:"connection_close,omitempty"`
}

type closed struct {
	By     string `json:"by"`
	Code   uint64 `json:"code"`
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"`
}

// quicOf is what is written of a connection of QUIC, or nil.
func quicOf(c *explain.Connection) *overQUIC {
	q := c.QUIC
	if q == nil {
		return nil
	}
	out := &overQUIC{Version: q.Version.String(), DCID: hex.EncodeToString(q.DCID), Retried: q.Retried, Opened: q.Opened}
	if q.First != q.Version {
		out.First = q.First.String()
	}
	for _, v := range q.Versions {
		out.Versions = append(out.Versions, v.String())
	}
	for end := range q.Packets {
		out.Packets[end] = map[string]int{}
		for _, t := range quic.Types() {
			if n := q.Packets[end][t]; n > 0 {
				out.Packets[end][t.String()] = n
			}
		}
	}
	if x := q.Close; x != nil {
		out.Close = &closed{By: x.By, Code: x.Code, Name: quic.ErrorName(x.Code), Reason: x.Reason}
	}
	return out
}

// reader is what an onlooker makes of a connection.
type reader struct {
	Onlooker string                   `json:"onlooker"`
	Tried    bool                     `json:"tried"`
	Reads    explain.Sight            `json:"reads"`
	Why      explain.WhyNot           `json:"why,omitempty"`
	Session  int                      `json:"session,omitempty"`
	Parts    map[string]explain.Sight `json:"parts"`
}

type outcome struct {
	What     explain.What  `json:"what"`
	By       string        `json:"by,omitempty"`
	Alert    string        `json:"alert,omitempty"`
	Phase    explain.Phase `json:"phase"`
	Inferred bool          `json:"inferred,omitempty"`
	Closing  string        `json:"closing,omitempty"`
	ClosedBy string        `json:"closed_by,omitempty"`
	Cause    explain.Cause `json:"likely_cause,omitempty"`
}

type opens struct {
	Handshake bool           `json:"handshake"`
	Data      bool           `json:"data"`
	Computed  bool           `json:"computed,omitempty"`
	Session   int            `json:"session,omitempty"`
	Sealed    int            `json:"sealed_records"`
	Closed    string         `json:"closed,omitempty"`
	LogLacks  bool           `json:"key_log_lacks,omitempty"`
	Needs     []explain.Need `json:"needs,omitempty"`
	Lacks     []string       `json:"key_log_lines_lacking,omitempty"`
	Initial   bool           `json:"initial,omitempty"`
}

type verdict struct {
	Certificates int    `json:"certificates"`
	OK           *bool  `json:"ok,omitempty"`
	Error        string `json:"error,omitempty"`
	Reason       string `json:"reason,omitempty"`
	Name         string `json:"name_asked,omitempty"`
}

// document writes a connection as a line.
func (l *list) document(c *explain.Connection) {
	e := entry{N: c.Number, Began: c.Began.UTC(), Ended: c.Ended.UTC(), Packet: c.Packet, Client: c.Client.String(), Server: c.Server.String(), Midway: c.Midway,
		Carrier: string(c.Carrier), Target: c.Target, Random: hex.EncodeToString(c.Random), ServerName: c.ServerName, Version: version(c), Exchange: exchange(c),
		ALPN: c.ALPN, Resumed: c.Resumed, Session: c.Session, Early: c.Early, Missing: c.Missing, Bytes: c.Bytes, Offered: c.Offered, QUIC: quicOf(c)}
	for _, v := range c.Versions {
		e.Versions = append(e.Versions, v.String())
	}
	if c.QUIC != nil {
		e.Transport = "quic"
	}
	if c.Suite != 0 {
		e.Suite = c.Suite.String()
	}
	if c.Group.ID != 0 {
		e.Group = c.Group.Name
	}
	o := c.Outcome
	e.Outcome = outcome{What: o.What, By: o.By, Phase: o.Phase, Inferred: o.Inferred, Closing: o.Closing, ClosedBy: o.ClosedBy, Cause: o.Cause}
	if o.HasAlert {
		e.Outcome.Alert = o.Alert.String()
	}
	r := c.Read
	e.Opens = opens{Handshake: r.Handshake, Data: r.Data, Computed: r.Computed, Session: r.Session, Sealed: r.Sealed, Closed: string(r.Closed), LogLacks: r.LogLacks, Needs: r.Needs, Lacks: r.Lacks.Names(), Initial: r.Initial}
	if len(c.Chain) > 0 {
		e.Chain = &verdict{Certificates: len(c.Chain), Name: c.ServerName}
		if v := c.Verdict; v != nil {
			e.Chain.OK = &v.OK
			if v.Err != nil {
				e.Chain.Error, e.Chain.Reason = v.Err.Error(), v.Err.Reason.String()
			}
		}
	}
	for _, o := range c.Onlookers {
		parts := map[string]explain.Sight{}
		for i, t := range c.Parts {
			parts[t.Part.String()] = o.Parts[i]
		}
		e.Readers = append(e.Readers, reader{Onlooker: o.Party, Tried: o.Tried, Reads: o.Whole, Why: o.Why, Session: o.Session, Parts: parts})
	}
	if l.err == nil {
		l.err = foreign.EncodeJSON(&l.text, e, "")
	}
}
