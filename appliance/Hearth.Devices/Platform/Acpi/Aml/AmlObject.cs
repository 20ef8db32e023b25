namespace Hearth.Devices.Platform.Acpi.Aml;

/// <summary>Named objects and the few statements that our methods need (ACPI 6.5, section 20.2.5).</summary>
internal static class AmlObject
{
    private const byte NameOp = 0x08;
    private const byte ScopeOp = 0x10;
    private const byte MethodOp = 0x14;
    private const byte ExtOpPrefix = 0x5B;
    private const byte DeviceOp = 0x82;
    private const byte StoreOp = 0x70;
    private const byte NotifyOp = 0x86;
    private const byte IfOp = 0xA0;
    private const byte ReturnOp = 0xA4;
    private const byte Arg0Op = 0x68;

    /// <summary>The first argument of a method.</summary>
    public static AmlTerm Argument0 => new([Arg0Op]);

    public static AmlTerm Name(string path, AmlTerm value) => new([NameOp, .. AmlPath.Encode(path), .. value.Bytes]);

    public static AmlTerm Scope(string path, params ReadOnlySpan<AmlTerm> terms) =>
        AmlData.Sized([ScopeOp], [.. AmlPath.Encode(path), .. AmlTerm.Join(terms)]);

    public static AmlTerm Device(string path, params ReadOnlySpan<AmlTerm> terms) =>
        AmlData.Sized([ExtOpPrefix, DeviceOp], [.. AmlPath.Encode(path), .. AmlTerm.Join(terms)]);

    /// <param name="arguments">0 to 7.</param>
    public static AmlTerm Method(string path, int arguments, params ReadOnlySpan<AmlTerm> statements) =>
        AmlData.Sized([MethodOp], [.. AmlPath.Encode(path), (byte)arguments, .. AmlTerm.Join(statements)]);

    public static AmlTerm Store(AmlTerm value, string target) => new([StoreOp, .. value.Bytes, .. AmlPath.Encode(target)]);

    /// <summary>Tells the driver of a device that something happened to it (section 19.6.95).</summary>
    /// <param name="value">What: 0x80 and above is the device's own.</param>
    public static AmlTerm Notify(string path, AmlTerm value) => new([NotifyOp, .. AmlPath.Encode(path), .. value.Bytes]);

    /// <summary>The value of a named object.</summary>
    public static AmlTerm Reference(string path) => new(AmlPath.Encode(path));

    public static AmlTerm If(AmlTerm predicate, params ReadOnlySpan<AmlTerm> statements) =>
        AmlData.Sized([IfOp], [.. predicate.Bytes, .. AmlTerm.Join(statements)]);

    public static AmlTerm Return(AmlTerm value) => new([ReturnOp, .. value.Bytes]);
}
