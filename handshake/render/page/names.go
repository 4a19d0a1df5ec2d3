package page

// element is the name of an HTML element.
type element uint8

// The elements that this page is made of. Those before firstWithContent have no content and no end.
const (
	elMeta element = iota
	elLink
	elInput
	elHTML
	elHead
	elTitle
	elStyle
	elScript
	elBody
	elHeader
	elMain
	elFooter
	elNav
	elSection
	elDiv
	elP
	elH1
	elH2
	elH3
	elOl
	elUl
	elLi
	elSpan
	elA
	elB
	elCode
	elDetails
	elSummary
	elTable
	elCaption
	elTr
	elTh
	elTd
	elDl
	elDt
	elDd
	elButton
	elFieldset
	elLegend
	elLabel
	elForm
	elSelect
	elOption
	elDatalist
	elThead
	elTbody
	endOfElements
)

const firstWithContent = elHTML

var elements = [...]string{
	elMeta: "meta", elLink: "link", elInput: "input", elHTML: "html", elHead: "head", elTitle: "title", elStyle: "style",
	elScript: "script", elBody: "body", elHeader: "header", elMain: "main", elFooter: "footer", elNav: "nav", elSection: "section",
	elDiv: "div", elP: "p", elH1: "h1", elH2: "h2", elH3: "h3", elOl: "ol", elUl: "ul", elLi: "li", elSpan: "span",
	elA: "a", elB: "b", elCode: "code", elDetails: "details", elSummary: "summary", elTable: "table", elCaption: "caption",
	elTr: "tr", elTh: "th", elTd: "td", elDl: "dl", elDt: "dt", elDd: "dd", elButton: "button",
	elFieldset: "fieldset", elLegend: "legend", elLabel: "label",
	elForm: "form", elSelect: "select", elOption: "option", elDatalist: "datalist", elThead: "thead", elTbody: "tbody",
}

// attribute is the name of an attribute.
type attribute uint8

// The attributes. There is none for a handler and none for a style.
const (
	noAttribute attribute = iota
	attrID
	attrClass
	attrHref
	attrLang
	attrCharset
	attrHTTPEquiv
	attrName
	attrContent
	attrRel
	attrType
	attrValue
	attrOpen
	attrChecked
	attrScope
	attrTranslate
	attrTitle
	attrAriaLabel
	attrAriaLive
	attrAriaHidden
	attrDataFlow
	attrDataParties
	attrDataFrom
	attrDataTo
	attrDataDir
	attrDataLeg
	attrDataParty
	attrDataSeq
	attrDataOnlooker
	attrDataAccess
	attrDataF
	attrDataKind
	attrDataView
	attrDataSaid
	attrDataCopy
	attrDataCould
	attrFor
	attrDataKnows
	attrMethod
	attrSelected
	attrList
	attrAriaCurrent
	attrDataAbout
	attrDataRight
	attrDataSeed
	attrDataState
	attrDataAfter
	attrDataMost
	attrAutocomplete
	endOfAttributes
)

var attributeNames = [...]string{
	attrID: "id", attrClass: "class", attrHref: "href", attrLang: "lang", attrCharset: "charset", attrHTTPEquiv: "http-equiv", attrName: "name",
	attrContent: "content", attrRel: "rel", attrType: "type", attrValue: "value", attrOpen: "open", attrChecked: "checked",
	attrScope: "scope", attrTranslate: "translate", attrTitle: "title",
	attrAriaLabel: "aria-label", attrAriaLive: "aria-live", attrAriaHidden: "aria-hidden", attrDataFlow: "data-flow", attrDataParties: "data-parties", attrDataFrom: "data-from", attrDataTo: "data-to", attrDataDir: "data-dir",
	attrDataLeg: "data-leg", attrDataParty: "data-party", attrDataSeq: "data-seq", attrDataOnlooker: "data-onlooker",
	attrDataAccess: "data-access", attrDataF: "data-f", attrDataKind: "data-kind", attrDataView: "data-view",
	attrDataSaid: "data-said", attrDataCopy: "data-copy", attrDataCould: "data-could", attrFor: "for", attrDataKnows: "data-knows",
	attrMethod: "method", attrSelected: "selected", attrList: "list", attrAriaCurrent: "aria-current",
	attrDataAbout: "data-about", attrDataRight: "data-right", attrDataSeed: "data-seed",
	attrDataState: "data-state", attrDataAfter: "data-after", attrDataMost: "data-most",
	attrAutocomplete: "autocomplete",
}
