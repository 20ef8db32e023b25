namespace Hearth.Commands;

/// <summary>What a NIC is plugged into.</summary>
internal enum NetworkKind
{
    /// <summary>A passt that is started for this guest.</summary>
    User,

    /// <summary>A passt that runs already.</summary>
    Passt,

    /// <summary>A port of a switch.</summary>
    Switch,

    /// <summary>An interface of the host.</summary>
    Tap,
}
