namespace Hearth.Protocol;

/// <summary>A guest's sound card, and what it is connected to.</summary>
/// <param name="Output">An empty file that becomes a WAV file of what is played; null for nobody who listens.</param>
/// <param name="Microphone">A WAV file that microphones hear over and over; null for silence.</param>
public sealed record SoundConfiguration(OpenFile? Output, OpenFile? Microphone);
