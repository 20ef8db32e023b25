namespace Hearth.Storage.Qcow2;

/// <summary>What becomes of clusters whose data are not wanted any more.</summary>
internal enum EntryChange
{
    /// <summary>They read as zeros; what was allocated stays so.</summary>
    Zero,

    /// <summary>Their room is given back.</summary>
    Discard,
}
