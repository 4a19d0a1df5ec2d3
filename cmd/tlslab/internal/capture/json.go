package capture

import (
	"encoding/json"
	"errors"
	"time"

	"tlslab/handshake/foreign"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// json is an entry as a line of JSON.
func (l *proxyList) json(e *proxy.Entry) string {
	type leg struct {
		Version string `json:"version,omitempty"`
		Suite   string `json:"cipher_suite,omitempty"`
		Group   string `json:"group,omitempty"`
		ALPN    string `json:"alpn,omitempty"`
	}
	type fault struct {
		Leg   proxy.Side  `json:"leg"`
		By    proxy.Side  `json:"by"`
		Cause proxy.Cause `json:"cause"`
		Alert string      `json:"alert,omitempty"`
		Error string      `json:"error"`
		Phase proxy.Phase `json:"phase,omitempty"`
		What  proxy.What  `json:"what,omitempty"`
		Limit string      `json:"limit,omitempty"`
		Rule  relay.Rule  `json:"rule,omitempty"`
	}
	faultOf := func(f *proxy.Fault) *fault {
		if f == nil {
			return nil
		}
		out := &fault{Leg: f.Side, By: f.By, Cause: f.Cause, Error: f.Err.Error(), Phase: f.Phase, What: f.What, Limit: f.Limit}
		if f.Alerted {
			out.Alert = f.Alert.String()
		}
		if r := (*relay.Refusal)(nil); errors.As(f.Err, &r) {
			out.Rule = r.Rule
		}
		return out
	}
	type webSocket struct {
		Sent     int    `json:"sent"`
		Received int    `json:"received"`
		Error    string `json:"error,omitempty"` // why no more were counted
	}
	legOf := func(x *proxy.Leg) *leg {
		if x == nil || x.Version == 0 {
			return nil
		}
		out := &leg{Version: x.Version.String(), ALPN: x.Protocol}
		if x.Suite != nil {
			out.Suite = x.Suite.String()
		}
		if x.Group != 0 {
			out.Group = x.Group.Called()
		}
		return out
	}
	type change struct {
		By   string           `json:"by"`
		Of   string           `json:"of"`
		Kind proxy.ChangeKind `json:"what"`
		More string           `json:"detail,omitempty"`
	}
	var changes []change
	for _, c := range e.Changes {
		changes = append(changes, change{c.By, c.Message(), c.Kind, c.Detail})
	}
	line := struct {
		N        int             `json:"n"`
		Conn     int             `json:"connection"`
		Kind     proxy.Kind      `json:"kind"`
		Began    time.Time       `json:"began"`
		TookMS   float64         `json:"took_ms"`
		Client   string          `json:"client"`
		Server   string          `json:"server,omitempty"`
		Host     string          `json:"host,omitempty"`
		Scheme   string          `json:"scheme,omitempty"`
		Method   string          `json:"method,omitempty"`
		Path     string          `json:"path,omitempty"`
		Proto    string          `json:"protocol,omitempty"`
		Status   int             `json:"status,omitempty"`
		Sent     int64           `json:"sent"`
		Received int64           `json:"received"`
		Upgraded string          `json:"upgraded,omitempty"`
		ToClient *leg            `json:"to_client,omitempty"`
		ToServer *leg            `json:"to_server,omitempty"`
		Warnings []proxy.Warning `json:"warnings,omitempty"`
		Fault    *fault          `json:"fault,omitempty"`
		Notes    []relay.Note    `json:"notes,omitempty"`
		Answered bool            `json:"answered_by_proxy,omitempty"`
		Changes  []change        `json:"changes,omitempty"`
		Besides  *fault          `json:"client_fault,omitempty"`
		Via      string          `json:"via,omitempty"`
		Messages *webSocket      `json:"messages,omitempty"`
	}{N: e.N, Conn: e.Conn, Kind: e.Kind, Began: e.Began, TookMS: float64(e.Timing.Total().Microseconds()) / 1000, Client: e.Client, Server: e.Server, Host: e.Host,
		Scheme: e.Scheme, Method: e.Method, Path: e.Path, Proto: e.Proto, Status: e.Status, Sent: e.Sent, Received: e.Received,
		Upgraded: e.Upgraded, ToClient: legOf(e.ToClient), ToServer: legOf(e.ToServer), Warnings: e.Warnings, Notes: e.Notes,
		Fault: faultOf(e.Fault), Answered: e.Answered, Changes: changes, Besides: faultOf(e.Besides), Via: e.Via}
	if w := e.WebSocket; w != nil {
		line.Messages = &webSocket{Sent: w.Sent, Received: w.Received}
		if w.Err != nil {
			line.Messages.Error = string(w.Side) + ": " + w.Err.Error()
		}
	}
	b, err := json.Marshal(line)
	if err != nil {
		return "" // strings and numbers alone
	}
	return string(foreign.JSON(b)) + "\n"
}
