namespace Hearth.Devices.Platform.Acpi.Aml;

/// <summary>A piece of AML: an object or a statement, encoded (ACPI 6.5, chapter 20). Terms nest by being arguments of terms.</summary>
internal readonly record struct AmlTerm(byte[] Bytes)
{
    public static implicit operator AmlTerm(long value) => AmlData.Integer((ulong)value);

    public static implicit operator AmlTerm(string value) => AmlData.Text(value);

    /// <summary>The bytes of several terms, one after the other.</summary>
    public static byte[] Join(params ReadOnlySpan<AmlTerm> terms)
    {
        int length = 0;
        foreach (AmlTerm term in terms)
            length += term.Bytes.Length;
        byte[] bytes = new byte[length];
        int offset = 0;
        foreach (AmlTerm term in terms)
        {
            term.Bytes.CopyTo(bytes, offset);
            offset += term.Bytes.Length;
        }

        return bytes;
    }
}
