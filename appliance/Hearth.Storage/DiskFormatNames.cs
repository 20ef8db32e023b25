namespace Hearth.Storage;

/// <summary>The formats by the names that people and images write.</summary>
public static class DiskFormatNames
{
    private const string Raw = "raw";
    private const string Qcow2 = "qcow2";

    public static string NameOf(DiskFormat format) => format == DiskFormat.Raw ? Raw : Qcow2;

    /// <returns>Null for a format that is not known.</returns>
    public static DiskFormat? Find(string name) => name switch
    {
        Raw => DiskFormat.Raw,
        Qcow2 => DiskFormat.Qcow2,
        _ => null,
    };
}
