package der

// names of object identifiers, in the words of the RFC that defines each. It is as wide as what
// stands in certificates of the web, in those of our lessons, and in the modules.
var names = map[string]string{
	// Attributes of a name: RFC 5280 §A.1, RFC 4519, and CA/Browser Forum's.
	"2.5.4.3": "id-at-commonName", "2.5.4.4": "id-at-surname", "2.5.4.5": "id-at-serialNumber", "2.5.4.6": "id-at-countryName",
	"2.5.4.7": "id-at-localityName", "2.5.4.8": "id-at-stateOrProvinceName", "2.5.4.9": "id-at-streetAddress",
	"2.5.4.10": "id-at-organizationName", "2.5.4.11": "id-at-organizationalUnitName", "2.5.4.12": "id-at-title",
	"2.5.4.13": "id-at-description", "2.5.4.15": "id-at-businessCategory", "2.5.4.17": "id-at-postalCode",
	"2.5.4.20": "id-at-telephoneNumber", "2.5.4.41": "id-at-name", "2.5.4.42": "id-at-givenName", "2.5.4.43": "id-at-initials",
	"2.5.4.44": "id-at-generationQualifier", "2.5.4.46": "id-at-dnQualifier", "2.5.4.65": "id-at-pseudonym",
	"2.5.4.97":                   "id-at-organizationIdentifier",
	"0.9.2342.19200300.100.1.1":  "uid",
	"0.9.2342.19200300.100.1.25": "id-domainComponent",
	"1.2.840.113549.1.9.1":       "id-emailAddress",
	"1.3.6.1.4.1.311.60.2.1.1":   "jurisdictionLocalityName",
	"1.3.6.1.4.1.311.60.2.1.2":   "jurisdictionStateOrProvinceName",
	"1.3.6.1.4.1.311.60.2.1.3":   "jurisdictionCountryName",

	// Attributes of a request (RFC 2985) and of a person (RFC 3739).
	"1.2.840.113549.1.9.2": "unstructuredName", "1.2.840.113549.1.9.7": "challengePassword", "1.2.840.113549.1.9.14": "extensionRequest",
	"1.3.6.1.5.5.7.9.1": "id-pda-dateOfBirth", "1.3.6.1.5.5.7.9.2": "id-pda-placeOfBirth", "1.3.6.1.5.5.7.9.3": "id-pda-gender",
	"1.3.6.1.5.5.7.9.4": "id-pda-countryOfCitizenship", "1.3.6.1.5.5.7.9.5": "id-pda-countryOfResidence",

	// Messages: RFC 5652 §4, §5.1.
	"1.2.840.113549.1.7.1": "id-data", "1.2.840.113549.1.7.2": "id-signedData",

	// Extensions: RFC 5280 §4.2, §5.2 and §5.3.
	"2.5.29.9": "id-ce-subjectDirectoryAttributes", "2.5.29.14": "id-ce-subjectKeyIdentifier", "2.5.29.15": "id-ce-keyUsage",
	"2.5.29.16": "id-ce-privateKeyUsagePeriod", "2.5.29.17": "id-ce-subjectAltName", "2.5.29.18": "id-ce-issuerAltName",
	"2.5.29.19": "id-ce-basicConstraints", "2.5.29.20": "id-ce-cRLNumber", "2.5.29.21": "id-ce-cRLReasons",
	"2.5.29.23": "id-ce-holdInstructionCode", "2.5.29.24": "id-ce-invalidityDate", "2.5.29.27": "id-ce-deltaCRLIndicator",
	"2.5.29.28": "id-ce-issuingDistributionPoint", "2.5.29.29": "id-ce-certificateIssuer", "2.5.29.30": "id-ce-nameConstraints",
	"2.5.29.31": "id-ce-cRLDistributionPoints", "2.5.29.32": "id-ce-certificatePolicies", "2.5.29.32.0": "anyPolicy",
	"2.5.29.33": "id-ce-policyMappings", "2.5.29.35": "id-ce-authorityKeyIdentifier", "2.5.29.36": "id-ce-policyConstraints",
	"2.5.29.37": "id-ce-extKeyUsage", "2.5.29.37.0": "anyExtendedKeyUsage", "2.5.29.46": "id-ce-freshestCRL", "2.5.29.54": "id-ce-inhibitAnyPolicy",
	"1.3.6.1.5.5.7.1.1": "id-pe-authorityInfoAccess", "1.3.6.1.5.5.7.1.3": "id-pe-qcStatements", "1.3.6.1.5.5.7.1.11": "id-pe-subjectInfoAccess",
	"1.3.6.1.5.5.7.1.24": "id-pe-tlsfeature",
	"1.3.6.1.5.5.7.2.1":  "id-qt-cps", "1.3.6.1.5.5.7.2.2": "id-qt-unotice",

	// Purposes of a key: RFC 5280 §4.2.1.12.
	"1.3.6.1.5.5.7.3.1": "id-kp-serverAuth", "1.3.6.1.5.5.7.3.2": "id-kp-clientAuth", "1.3.6.1.5.5.7.3.3": "id-kp-codeSigning",
	"1.3.6.1.5.5.7.3.4": "id-kp-emailProtection", "1.3.6.1.5.5.7.3.8": "id-kp-timeStamping", "1.3.6.1.5.5.7.3.9": "id-kp-OCSPSigning",

	// Methods of access, OCSP's types and extensions: RFC 5280 §4.2.2, RFC 6960.
	"1.3.6.1.5.5.7.48.1": "id-ad-ocsp", "1.3.6.1.5.5.7.48.2": "id-ad-caIssuers", "1.3.6.1.5.5.7.48.3": "id-ad-timeStamping", "1.3.6.1.5.5.7.48.5": "id-ad-caRepository",
	"1.3.6.1.5.5.7.48.1.1": "id-pkix-ocsp-basic", "1.3.6.1.5.5.7.48.1.2": "id-pkix-ocsp-nonce", "1.3.6.1.5.5.7.48.1.3": "id-pkix-ocsp-crl",
	"1.3.6.1.5.5.7.48.1.4": "id-pkix-ocsp-response", "1.3.6.1.5.5.7.48.1.5": "id-pkix-ocsp-nocheck", "1.3.6.1.5.5.7.48.1.6": "id-pkix-ocsp-archive-cutoff",
	"1.3.6.1.5.5.7.48.1.7": "id-pkix-ocsp-service-locator", "1.3.6.1.5.5.7.48.1.8": "id-pkix-ocsp-pref-sig-algs", "1.3.6.1.5.5.7.48.1.9": "id-pkix-ocsp-extended-revoke",

	// Certificate Transparency: RFC 6962 §3.1, §3.3. The RFC gives numbers without names.
	"1.3.6.1.4.1.11129.2.4.2": "signed certificate timestamps", "1.3.6.1.4.1.11129.2.4.3": "precertificate poison",
	"1.3.6.1.4.1.11129.2.4.4": "precertificate signing", "1.3.6.1.4.1.11129.2.4.5": "signed certificate timestamps of OCSP",

	// Policies of the CA/Browser Forum, by how far the subject was validated.
	"2.23.140.1.1": "extended-validated", "2.23.140.1.2.1": "domain-validated", "2.23.140.1.2.2": "organization-validated", "2.23.140.1.2.3": "individual-validated",

	// Keys: RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881, RFC 9935.
	"1.2.840.113549.1.1.1": "rsaEncryption", "1.2.840.113549.1.1.7": "id-RSAES-OAEP", "1.2.840.113549.1.1.8": "id-mgf1", "1.2.840.113549.1.1.10": "id-RSASSA-PSS",
	"1.2.840.10040.4.1": "id-dsa", "1.2.840.10046.2.1": "dhpublicnumber", "1.2.840.10045.2.1": "id-ecPublicKey",
	"1.2.840.10045.3.1.1": "secp192r1", "1.3.132.0.33": "secp224r1", "1.2.840.10045.3.1.7": "secp256r1", "1.3.132.0.34": "secp384r1", "1.3.132.0.35": "secp521r1", "1.3.132.0.10": "secp256k1",
	"1.3.101.110": "id-X25519", "1.3.101.111": "id-X448", "1.3.101.112": "id-Ed25519", "1.3.101.113": "id-Ed448",
	"2.16.840.1.101.3.4.3.17": "id-ml-dsa-44", "2.16.840.1.101.3.4.3.18": "id-ml-dsa-65", "2.16.840.1.101.3.4.3.19": "id-ml-dsa-87",
	"2.16.840.1.101.3.4.4.1": "id-alg-ml-kem-512", "2.16.840.1.101.3.4.4.2": "id-alg-ml-kem-768", "2.16.840.1.101.3.4.4.3": "id-alg-ml-kem-1024",

	// Signatures: RFC 3279, RFC 4055, RFC 5758.
	"1.2.840.113549.1.1.2": "md2WithRSAEncryption", "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
	"1.2.840.113549.1.1.14": "sha224WithRSAEncryption", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption", "1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
	"1.2.840.10040.4.3": "id-dsa-with-sha1", "2.16.840.1.101.3.4.3.1": "id-dsa-with-sha224", "2.16.840.1.101.3.4.3.2": "id-dsa-with-sha256",
	"1.2.840.10045.4.1": "ecdsa-with-SHA1", "1.2.840.10045.4.3.1": "ecdsa-with-SHA224", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384", "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",

	// Hashes.
	"1.2.840.113549.2.5": "id-md5", "1.3.14.3.2.26": "id-sha1", "2.16.840.1.101.3.4.2.4": "id-sha224",
	"2.16.840.1.101.3.4.2.1": "id-sha256", "2.16.840.1.101.3.4.2.2": "id-sha384", "2.16.840.1.101.3.4.2.3": "id-sha512",
}
