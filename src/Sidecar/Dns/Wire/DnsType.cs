namespace Fairlead.Sidecar.Dns;

/// <summary>The types that are told apart here; any other number is kept as it is (RFC 3597).</summary>
internal enum DnsType : ushort
{
    A = 1,
    NS = 2,
    SOA = 6,
    PTR = 12,
    HINFO = 13,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    OPT = 41,

    /// <summary>RFC 8945; first of the types that ask for something else than records.</summary>
    TKEY = 249,
    IXFR = 251,
    AXFR = 252,
    MAILA = 254,
    ANY = 255,
}

/// <summary>Classes; any other number is kept as it is.</summary>
internal enum DnsClass : ushort
{
    IN = 1,
    CH = 3,
}

/// <summary>Response codes; those from 16 on need EDNS (RFC 6891 section 6.1.3).</summary>
internal enum DnsRcode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NXDomain = 3,
    NotImp = 4,
    Refused = 5,
    BadVers = 16,
}
