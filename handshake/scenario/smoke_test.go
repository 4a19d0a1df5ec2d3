package scenario_test
import ("testing";"context";"fmt";"tlslab/handshake";"tlslab/handshake/iana";"tlslab/handshake/scenario")
func TestSmoke(t *testing.T){
 for _, o := range []scenario.Options{{Seed:"a"},{Seed:"a",Kx:[]iana.Kx{iana.KxDHE},Plain:true},{Seed:"a",MITM:true},{Seed:"a",MITM:true,TrustMITM:true},{Seed:"a",Resume:"id"},{Seed:"a",Resume:"ticket"},{Seed:"a",ClientAuth:true},{Seed:"a",ClientAuth:true,NoClientCert:true},{Seed:"a",MITM:true,TrustMITM:true,ClientAuth:true},{Seed:"a",Resume:"id",Kx:[]iana.Kx{iana.KxRSA}}} {
  tr, err := scenario.Run(context.Background(), o, nil)
  fmt.Println("=====", o.MITM, o.TrustMITM, o.Resume, o.ClientAuth, err)
  if tr==nil {continue}
  for _, f := range tr.Flows {
   fmt.Printf("%s %v %d events outcome %+v\n", f.Name, f.Parties, len(f.Events), f.Outcome)
   for _, e := range f.Events { if s, ok := e.(*handshake.SceneEvent); ok && s.Key!="flow" && s.Key[:3]!="ca_" { fmt.Printf("   %s/%d %s", s.Party, s.Conn, s.Key); for _, v := range s.Values { x:=fmt.Sprintf(" %s=%+v", v.Name, v.Value); if len(x)>160 {x=x[:160]}; fmt.Print(x)}; fmt.Println() } }
  }
 }
}
