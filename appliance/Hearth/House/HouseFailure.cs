namespace Hearth.House;

/// <summary>Why something that was asked of the house cannot be done. The names are part of the API, as its codes.</summary>
internal enum HouseFailure
{
    /// <summary>What was said makes no sense.</summary>
    Invalid,

    GuestNotFound,

    SeatNotFound,

    PersonNotFound,

    StateNotFound,

    /// <summary>Another one has this name.</summary>
    NameTaken,

    /// <summary>It cannot be done as the guest is now.</summary>
    WrongPhase,

    /// <summary>The guest is on another seat.</summary>
    ShownElsewhere,

    /// <summary>The seat was switched again before this switch had its turn.</summary>
    Superseded,

    /// <summary>The guest is for others, or nobody said who asks.</summary>
    NotAllowed,

    /// <summary>The person has a PIN, and none was given.</summary>
    PinNeeded,

    PinWrong,

    /// <summary>No PIN is looked at for a while.</summary>
    PinWait,

    /// <summary>The house is on its way out.</summary>
    Closing,

    /// <summary>The host does not allow it: no space, no such file.</summary>
    Host,

    /// <summary>Something that was kept is damaged, or of a later version.</summary>
    Damaged,
}
