namespace Hearth.Vm.Sound;

/// <summary>What a record in an output's ring is.</summary>
internal enum SoundRecord
{
    /// <summary>A run of frames begins; the record has its format.</summary>
    Start = 1,

    /// <summary>Frames follow the record's head.</summary>
    Frames = 2,

    Stop = 3,
}
