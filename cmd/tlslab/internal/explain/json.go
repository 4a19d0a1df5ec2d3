package explain

import (
	"encoding/hex"
	"time"

	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
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
	Readers    []reader  `json:"readers,omitempty"`
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
		ALPN: c.ALPN, Resumed: c.Resumed, Session: c.Session, Early: c.Early, Missing: c.Missing, Bytes: c.Bytes}
	for _, v := range c.Versions {
		e.Versions = append(e.Versions, v.String())
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
	e.Opens = opens{Handshake: r.Handshake, Data: r.Data, Computed: r.Computed, Session: r.Session, Sealed: r.Sealed, Closed: string(r.Closed), LogLacks: r.LogLacks, Needs: r.Needs, Lacks: r.Lacks}
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
