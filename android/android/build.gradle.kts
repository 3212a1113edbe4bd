// What is Android's alone: the library's own classes come from Maven, where the JVM has them too.
plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

val libraries = providers.gradleProperty("dunlin.libraries").orElse("../../target/jniLibs")

android {
    namespace = "dev.dunlin.android"
    defaultConfig {
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }
    sourceSets["main"].jniLibs.srcDir(libraries.get())
    // The tests run on the JVM's native library: Maven runs them.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<Any>())
}

kotlin {
    explicitApi()
}

dependencies {
    api(libs.dunlin)
    api(libs.coroutines)
    // The AAR form has the libraries of Android; never both forms in one app.
    implementation(libs.jna) { artifact { type = "aar" } }
}
