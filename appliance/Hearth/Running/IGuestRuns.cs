namespace Hearth.Running;

/// <summary>
/// The processes of guests, and their saved states. Everything may be called from any thread; what is asked of one guest is done one thing after the other.
/// Guests are known by the identifier that the store gave them, so that a name may change.
/// </summary>
/// <remarks>
/// Failures throw <see cref="GuestRunException"/>: one sentence that says what to do next. Whatever fails, the guest goes on where it was.
/// </remarks>
internal interface IGuestRuns
{
    /// <summary>Something about a guest is not as it was: another condition, another saved state. From any thread, in order.</summary>
    event Action<GuestCondition> Changed;

    /// <summary>How a guest is. One that is not known is stopped.</summary>
    GuestCondition ConditionOf(int guest);

    /// <summary>Starts a guest's process: from its last saved state where it was stopped by saving, otherwise it boots.</summary>
    Task StartAsync(int guest, StartManner manner, CancellationToken cancellation);

    /// <summary>Ends a guest: by its power button and, where it does not follow, after a while by force; or at once.</summary>
    /// <param name="patience">How long it may take to follow; zero to switch it off at once.</param>
    Task StopAsync(int guest, TimeSpan patience, CancellationToken cancellation);

    Task PauseAsync(int guest, CancellationToken cancellation);

    Task ResumeAsync(int guest, CancellationToken cancellation);

    /// <summary>Saves a running guest as it is now.</summary>
    /// <returns>The state, which is on stable storage.</returns>
    Task<SavedStateRecord> SaveAsync(int guest, SaveRequest request, IProgress<double>? progress, CancellationToken cancellation);

    /// <summary>Goes on from a saved state, whatever runs now; what runs is saved first where <paramref name="keepsPresent"/> says so.</summary>
    Task RestoreAsync(int guest, long state, bool keepsPresent, IProgress<double>? progress, CancellationToken cancellation);

    /// <summary>The saved states of a guest, the newest first, checkpoints too.</summary>
    IReadOnlyList<SavedStateRecord> StatesOf(int guest);

    /// <summary>Gives a state up; the pinned one only when it was unpinned before.</summary>
    Task DeleteStateAsync(int guest, long state, CancellationToken cancellation);

    /// <summary>A pinned state is never thinned out.</summary>
    Task PinStateAsync(int guest, long state, bool isPinned, CancellationToken cancellation);

    /// <summary>The screen of a guest as a PNG file: of a running one as it is, of another one as it was when it was saved last.</summary>
    /// <returns>null where there is no picture.</returns>
    Task<byte[]?> ScreenshotAsync(int guest, CancellationToken cancellation);

    /// <summary>The picture of a saved state as a PNG file; null where there is none.</summary>
    byte[]? PictureOf(int guest, long state);

    /// <summary>The guest's first serial port: what it wrote last, what it writes, and what is typed.</summary>
    Task<Stream> OpenConsoleAsync(int guest, CancellationToken cancellation);

    /// <summary>Makes disks and states of a new guest from another's: as it is stopped, or from one of its states.</summary>
    Task CloneAsync(int from, int to, long? state, CancellationToken cancellation);

    /// <summary>Takes away everything of a guest that is stopped: disks that were made for it, and states.</summary>
    Task RemoveAsync(int guest, CancellationToken cancellation);
}
