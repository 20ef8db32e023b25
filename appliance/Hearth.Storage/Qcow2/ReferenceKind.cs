namespace Hearth.Storage.Qcow2;

/// <summary>What a cluster of the file is used as.</summary>
internal enum ReferenceKind : byte
{
    None,

    /// <summary>May have several references: of snapshots, and of compressed clusters that share it.</summary>
    Data,

    /// <summary>May have several references, of snapshots.</summary>
    L2Table,

    /// <summary>Everything else; it has one reference.</summary>
    Table,
}
